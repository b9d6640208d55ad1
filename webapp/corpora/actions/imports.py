"""Starts, confirms and cancels imports. The work itself is a worker's: see `webapp.corpora.importing`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml_core.spec import BadInput
from webapp.accounts.actions import record
from webapp.accounts.models import Project, User
from webapp.broker import IMPORT_TASK, wake
from webapp.corpora.files import new_upload_key, store
from webapp.corpora.models import Corpus, Import

FORMATS = {
    "auto": gettext_lazy("Find out"),
    "coco": gettext_lazy("COCO captions"),
    "flickr": gettext_lazy("Flickr captions"),
    "imagefolder": gettext_lazy("Image folder or CSV"),
}
UPLOADED = "@upload"  # stands for the unpacked zip in a reference
OPEN_STATES = (Import.State.CHECKING, Import.State.CHECKED, Import.State.QUEUED, Import.State.IMPORTING)
SCENES_MOST = 20_000


@transaction.atomic
def start_import(
    *,
    project: Project,
    name: str,
    reference: str,
    source: str,
    actor: User | None,
    now: datetime,
    upload_key: str = "",
    confirmed: bool = False,
) -> Import:
    """Have a source looked at. `reference` is one of ours, never typed by a browser.

    With `confirmed` the data set exists at once (runs may wait for it) and comes in by itself where nothing is wrong.
    """
    free_name(project, name)
    row = Import.objects.create(
        project=project,
        name=name.strip(),
        reference=reference,
        source=source,
        upload_key=upload_key,
        created_by=actor,
        created_at=now,
    )
    record(verb="import.started", actor=actor, project=project, target=row.name, details={"source": source}, now=now)
    if confirmed:
        row = confirm_import(row=row, leave_out=False, actor=actor, now=now)
    wake_workers()
    return row


def folder_reference(folder: Path, within: Path, kind: str, options: Mapping[str, str | int | None]) -> str:
    """A reference to a folder of the server that no link in it can lead out of."""
    return _reference(kind, str(folder), {**options, "within": str(within)})


def upload_reference(kind: str, options: Mapping[str, str | int | None]) -> str:
    """A reference to whatever an uploaded zip will hold."""
    return _reference(kind, UPLOADED, options)


def scenes_reference(count: int, seed: int) -> str:
    """A reference to scenes drawn by code; BadInput where there are too many or too few."""
    if not 1 <= count <= SCENES_MOST:
        raise BadInput(_("Between 1 and %(most)s scenes can be drawn.") % {"most": f"{SCENES_MOST:,}"}, field="count")
    return f"scenes:{count}?seed={seed}"


def _reference(kind: str, path: str, options: Mapping[str, str | int | None]) -> str:
    if kind not in FORMATS:
        raise BadInput(_("There is no format %(kind)r.") % {"kind": kind}, field="format")
    return f"{kind}:{path}?{urlencode({name: value for name, value in options.items() if value not in (None, '')})}"


def start_upload(
    *, project: Project, name: str, zip_file: Path, reference: str, source: str, actor: User, now: datetime
) -> Import:
    """Keep an uploaded zip in the store until its import has ended, and have it looked at."""
    free_name(project, name)
    key = new_upload_key()
    store().put_file(key, zip_file)
    try:
        return start_import(
            project=project, name=name, reference=reference, source=source, actor=actor, now=now, upload_key=key
        )
    except BaseException:
        store().delete(key)
        raise


@transaction.atomic
def confirm_import(*, row: Import, leave_out: bool, actor: User | None, now: datetime) -> Import:
    """Bring it in. BadInput where that cannot be: wrong state, a name taken since, or things that cannot be used."""
    row = Import.objects.select_for_update().get(pk=row.pk)
    if row.state not in (Import.State.CHECKED, Import.State.CHECKING) or row.confirmed_at is not None:
        raise BadInput(
            _("This import is not waiting to be confirmed: %(state)s.") % {"state": row.get_state_display().lower()}
        )
    if row.state == Import.State.CHECKED and row.preview.get("errors") and not leave_out:
        raise BadInput(
            _("Some things in the source cannot be used. Leave them out, or mend the source."), field="leave_out"
        )
    free_name(row.project, row.name, but=row)
    try:
        with transaction.atomic():
            row.corpus = Corpus.objects.create(
                project=row.project,
                name=row.name,
                task=row.preview.get("task") or _expected_task(row.reference),
                created_by=actor,
                created_at=now,
            )
    except IntegrityError:
        raise _taken(row.name) from None
    row.leave_out, row.confirmed_at = leave_out, now
    if row.state == Import.State.CHECKED:
        row.state, row.progress, row.heartbeat_at = Import.State.QUEUED, {}, None
    row.save()
    record(verb="import.confirmed", actor=actor, project=row.project, target=row.name, now=now)
    wake_workers()
    return row


@transaction.atomic
def cancel_import(*, row: Import, actor: User, now: datetime) -> Import:
    """Ask a running import to stop, or end a waiting one at once. What it wrote is taken away again."""
    row = Import.objects.select_for_update().get(pk=row.pk)
    if row.state not in OPEN_STATES:
        raise BadInput(_("This import has ended: %(state)s.") % {"state": row.get_state_display().lower()})
    row.cancel_requested_at = now
    if row.heartbeat_at is None or row.state == Import.State.CHECKED:
        end_import(row, Import.State.CANCELLED, now)
    else:
        row.save(update_fields=["cancel_requested_at"])
    record(verb="import.cancelled", actor=actor, project=row.project, target=row.name, now=now)
    wake_workers()
    return row


def end_import(row: Import, state: Import.State, now: datetime, failure: str = "") -> None:
    """Note how an import ended without a data set, and take away what would have become one."""
    row.state, row.failure, row.finished_at, row.heartbeat_at = state, failure, now, None
    corpus, row.corpus = row.corpus, None
    key, row.upload_key = row.upload_key, ""
    row.save()
    if corpus is not None:
        _take_away(corpus, failure)
    if key:
        transaction.on_commit(lambda: store().delete(key))


def _take_away(corpus: Corpus, failure: str) -> None:
    """A data set that never came in. Runs that wait for it keep its row, put away, and fail by themselves."""
    prefix = corpus.prefix
    Corpus.objects.select_for_update().get(pk=corpus.pk)  # a run that names it at this moment is seen
    if corpus.used_by.exists():
        Corpus.objects.filter(pk=corpus.pk).update(
            state=Corpus.State.ARCHIVED, about={"failure": failure or "The import was cancelled."}
        )
    else:
        corpus.delete()
    transaction.on_commit(lambda: store().delete_prefix(prefix))


def wake_workers() -> None:
    """Tell workers, once this transaction holds, that there is something to look at or to bring in."""
    transaction.on_commit(lambda: wake(IMPORT_TASK), robust=True)


def free_name(project: Project, name: str, but: Import | None = None) -> None:
    """BadInput where a name is none or another data set of the project has it."""
    name = name.strip()
    if not name:
        raise BadInput(_("Give the data set a name."), field="name")
    if len(name) > 120:
        raise BadInput(_("At most 120 characters make a name."), field="name")
    if Corpus.objects.filter(project=project, name=name).exclude(imports=but).exists():
        raise _taken(name)


def _taken(name: str) -> BadInput:
    return BadInput(
        _("There is a data set called “%(name)s” in this project already. Choose another name.") % {"name": name},
        field="name",
    )


def _expected_task(reference: str) -> str:
    """What a source that nobody has looked at yet will be, as far as its name says; the import knows better."""
    named = reference.startswith("imagefolder:") or "task=classification" in reference.partition("?")[2].split("&")
    return "classification" if named else "retrieval"
