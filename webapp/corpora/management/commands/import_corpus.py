"""Brings a data set into a project from the command line, where any path may be named."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from ml_core.spec import BadInput
from webapp.accounts.models import Project
from webapp.corpora import importing
from webapp.corpora.actions.imports import confirm_import, start_import
from webapp.corpora.models import Import


class Command(BaseCommand):
    """`manage.py import_corpus coco:/srv/val2017 --project vision --name "COCO val2017"`: look, show, bring in."""

    help = (
        "Imports a data set: coco:PATH, flickr:PATH, imagefolder:PATH, scenes:N, or auto:PATH to find the format out."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The reference, the project, the name, and what the web form has besides."""
        parser.add_argument("reference", help="coco:PATH, flickr:PATH, imagefolder:PATH, scenes:N or auto:PATH")
        parser.add_argument("--project", required=True, metavar="SLUG", help="The project, by the name in its address.")
        parser.add_argument("--name", required=True, help="What the data set is called.")
        parser.add_argument("--sample", type=int, help="So many pictures, chosen by a hash of seed and picture id.")
        parser.add_argument("--seed", type=int, default=0, help="The seed of the sample.")
        parser.add_argument("--leave-out", action="store_true", help="Import the rest where something cannot be used.")
        parser.add_argument(
            "--look-only", action="store_true", help="Say what would come in and what is wrong; no more."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit 2 with one clear message where the input is wrong, 1 where the import failed."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            slugs = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no project {options['project']!r}; there are: {slugs}", returncode=2)
        try:
            row = self._looked_at(project, options)
        except BadInput as problem:
            raise CommandError(str(problem), returncode=2) from None
        self._tell(row)
        if row.state != Import.State.CHECKED:
            raise CommandError(row.failure or row.get_state_display(), returncode=2)
        if options["look_only"]:
            self._withdraw(row)
            return
        try:
            with transaction.atomic():
                confirm_import(row=row, leave_out=options["leave_out"], actor=None, now=timezone.now())
                claimed = importing.claim_import(only=row.pk)
        except BadInput as problem:
            self._withdraw(row)
            raise CommandError(f"{problem} (or add --leave-out)", returncode=2) from None
        if claimed is None:
            raise CommandError("The import was taken up elsewhere.", returncode=1)
        done = importing.carry_out(claimed, listener=self._progress)
        self._line_end()
        if done.state != Import.State.DONE:
            raise CommandError(done.failure or done.get_state_display(), returncode=1)
        self.stdout.write(f"“{done.name}” is in: data set {done.corpus_id}.")

    def _looked_at(self, project: Project, options: dict[str, Any]) -> Import:
        with transaction.atomic():
            row = start_import(
                project=project,
                name=options["name"],
                reference=_reference(options),
                source=options["reference"][:300],
                actor=None,
                now=timezone.now(),
            )
            claimed = importing.claim_import(only=row.pk)
        assert claimed is not None  # made in this very transaction
        looked_at = importing.carry_out(claimed, listener=self._progress)
        self._line_end()
        return looked_at

    def _withdraw(self, row: Import) -> None:
        Import.objects.filter(pk=row.pk).update(state=Import.State.CANCELLED, finished_at=timezone.now())

    def _tell(self, row: Import) -> None:
        preview = row.preview
        if not preview:
            return
        counts = (
            f"{preview['items']:,} pictures, {preview['captions']:,} captions, {preview['categories']:,} categories"
        )
        self.stdout.write(f"{preview['name']}: {counts}, {preview['bytes'] / 2**20:,.1f} MiB")
        for severity, code, place, message in preview["problems"][:20]:
            self.stdout.write(f"  {severity}  {place}: {message}  [{code}]")
        rest = preview["errors"] + preview["warnings"] - len(preview["problems"][:20])
        if rest:
            self.stdout.write(f"  … and {rest:,} more")

    def _progress(self, progress: dict[str, Any]) -> None:
        if not self.stderr.isatty():
            return
        rate = f", {progress['rate']:,.0f}/s" if progress["rate"] else ""
        left = f", {progress['eta']:,.0f} s left" if progress["eta"] is not None else ""
        counted = f" {progress['done']:,} of {progress['total']:,}" if progress["total"] else ""
        sys.stderr.write(f"\r\x1b[K{progress['stage']}{counted}{rate}{left}")
        sys.stderr.flush()

    def _line_end(self) -> None:
        if self.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def _reference(options: dict[str, Any]) -> str:
    reference = str(options["reference"])
    if options["sample"] is None:
        return reference
    mark = "&" if "?" in reference else "?"
    return f"{reference}{mark}sample={options['sample']}&seed={options['seed']}"
