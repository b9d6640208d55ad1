"""Downloads COCO from its makers: goes on where it was cut off, checks, unpacks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ml_core.spec import BadInput
from webapp.corpora.fetching import PUBLISHED, fetch


class Command(BaseCommand):
    """`manage.py fetch_coco val2017`: then `manage.py import_corpus coco:FOLDER?split=val2017 …`."""

    help = "Downloads a COCO data set with captions and boxes; run it again to go on after a break."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which one, and where to."""
        parser.add_argument("which", choices=sorted(PUBLISHED))
        parser.add_argument("--to", type=Path, help="The folder it goes to; otherwise below the cache folder.")
        parser.add_argument("--base", default=settings.COCO_BASE_URL, help="The address that COCO is served under.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit 2 with one clear message where it cannot be had."""
        folder = options["to"] or Path(settings.NEARMISS_CACHE) / "coco"
        try:
            fetch(PUBLISHED[options["which"]], options["base"], folder, tell=self._progress)
        except BadInput as problem:
            raise CommandError(str(problem), returncode=2) from None
        self.stdout.write(f"It is in {folder}. Import it with:")
        self.stdout.write(
            f"  manage.py import_corpus 'coco:{folder}?split={options['which']}' --project SLUG --name NAME"
        )

    def _progress(self, stage: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            share = f" {100 * done // total} %" if total else ""
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r\x1b[K{stage}{share}{end}")
            sys.stderr.flush()
