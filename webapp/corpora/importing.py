"""The work of importing: look at a source, bring it in whole or not at all, take up what was lost. For workers."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from ml_core.datasets.checking import Look
from ml_core.datasets.frozen import write_frozen
from ml_core.datasets.opening import read_dataset, split_reference
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput
from webapp.accounts.actions import record
from webapp.away import AWAY
from webapp.corpora.actions.imports import UPLOADED, end_import
from webapp.corpora.files import scratch_folder, store
from webapp.corpora.heart import Cancelled, Heart, Listener, Lost, Stopping
from webapp.corpora.models import Category, Corpus, Import
from webapp.corpora.partitions import drop_partition
from webapp.corpora.previewing import preview_of
from webapp.corpora.rows import copy_rows
from webapp.corpora.unpacking import unpack

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
THREADS = 4
LONGEST_NAME, LONGEST_ABOVE = 400, 200  # characters of a class's name that rows keep, and of what it belongs to
MOST_SLICE = 2000  # bytes of a name, percent-encoded, in that of a metric


def work(*, stopping: Callable[[], bool] = lambda: False) -> None:
    """Does everything that waits, one after the other, until nothing does."""
    reap_imports(now=timezone.now(), seconds=settings.NEARMISS_LOST_AFTER)
    while not stopping() and (row := claim_import()) is not None:
        carry_out(row, stopping=stopping)
    while not stopping() and remove_deleted():
        pass


@transaction.atomic
def claim_import(*, only: int | None = None) -> Import | None:
    """The oldest import that waits (or the one named), now a new attempt of ours; None where nothing waits."""
    waiting = Q(state__in=[Import.State.CHECKING, Import.State.QUEUED], heartbeat_at__isnull=True)
    named = Q(pk=only) if only is not None else Q()
    row = (
        Import.objects.select_for_update(skip_locked=True, of=("self",)).filter(waiting & named).order_by("id").first()
    )
    if row is None:
        return None
    row.attempt += 1
    row.heartbeat_at = Now()  # PostgreSQL's clock, as every later beat
    row.progress = {"stage": "Starting"}
    if row.state == Import.State.QUEUED:
        row.state = Import.State.IMPORTING
    row.save(update_fields=["attempt", "heartbeat_at", "progress", "state"])
    row.refresh_from_db(fields=["heartbeat_at"])
    return row


def carry_out(row: Import, *, stopping: Callable[[], bool] = lambda: False, listener: Listener | None = None) -> Import:
    """Looks at the source, or brings it in, as the state of a claimed import says; returns it as it then stands."""
    heart = Heart(row.pk, row.attempt, stopping, listener)
    try:
        with heart:
            if row.state == Import.State.CHECKING:
                _check(row, heart)
            else:
                _bring_in(row, heart, _again(row, heart))
    except Lost:
        logger.warning("import %s: attempt %s is no longer ours", row.pk, row.attempt)
    except Stopping:
        _mine(row).update(heartbeat_at=None, state=_waiting_state(row.pk))
    except Cancelled:
        _end(row, Import.State.CANCELLED, "")
    except BadInput as problem:
        checking = Import.objects.filter(pk=row.pk, state=Import.State.CHECKING).exists()
        _end(row, Import.State.REFUSED if checking else Import.State.FAILED, _shown(row, str(problem)))
    except AWAY:
        logger.exception("import %s: PostgreSQL was away; it is taken up again", row.pk)
        connection.close()
    except Exception as error:
        logger.exception("import %s failed", row.pk)
        told = f"It stopped at an unexpected fault ({error}). The log of the worker says more."
        _end(row, Import.State.FAILED, _shown(row, told))
    return Import.objects.get(pk=row.pk)


def reap_imports(*, now: datetime, seconds: float) -> list[int]:
    """Puts imports whose heart has stopped for so long back where they wait, or gives them up; returns those that wait.

    PostgreSQL wrote the heartbeats and its clock alone judges them; time in which it was away itself does not count.
    """
    waiting = []
    for import_id in _lost(seconds):
        with transaction.atomic():
            if not _lost(seconds, only=import_id):  # its heart beat again in between, or somebody else was quicker
                continue
            row = Import.objects.get(pk=import_id)
            if row.cancel_requested_at:
                end_import(row, Import.State.CANCELLED, now)
            elif row.attempt >= MOST_ATTEMPTS:
                end_import(row, Import.State.FAILED, now, f"It lost its worker {row.attempt} times.")
            else:
                row.state, row.heartbeat_at = _waiting_state(row.pk), None
                row.save(update_fields=["state", "heartbeat_at"])
                waiting.append(row.pk)
    return waiting


def _lost(seconds: float, only: int | None = None) -> list[int]:
    """Imports (or the one named, if it is one) whose heart has stopped; locked until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM corpora_import WHERE state IN ('checking', 'importing') AND id = coalesce(%s, id)"
            " AND greatest(heartbeat_at, pg_postmaster_start_time()) < now() - make_interval(secs => %s)"
            " AND heartbeat_at IS NOT NULL ORDER BY id FOR UPDATE SKIP LOCKED",
            [only, seconds],
        )
        return [import_id for (import_id,) in cursor.fetchall()]


def remove_deleted() -> bool:
    """Removes the files and rows of one data set marked for it; False where there is none, or readers hold it."""
    with transaction.atomic():
        corpus = (
            Corpus.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(state=Corpus.State.DELETING)
            .order_by("id")
            .first()
        )
        if corpus is None:
            return False
        store().delete_prefix(corpus.prefix)
        try:
            with transaction.atomic():
                for parent in ("corpora_item", "corpora_caption"):
                    drop_partition(connection, parent, corpus.pk)
        except OperationalError:
            logger.warning("data set %s: its rows are being read; deleting goes on later", corpus.pk)
            return False
        corpus.delete()
    return True


def _check(row: Import, heart: Heart) -> None:
    look = Look(deep=True, workers=THREADS, tell=heart.tell)
    dataset, problems = read_dataset(_reference(row, heart), look)
    problems = [*problems, *_long_names(dataset)]
    preview = preview_of(dataset, problems)
    confirmed = Import.objects.get(pk=row.pk).confirmed_at is not None
    if confirmed and preview["errors"] and not row.leave_out:
        raise BadInput(_first_errors(problems))
    heart.check()
    if confirmed:
        if not _mine(row).update(state=Import.State.IMPORTING, preview=preview):
            raise Lost
        row.refresh_from_db()
        _bring_in(row, heart, dataset)
        return
    heart.still()
    changed = _mine(row).update(state=Import.State.CHECKED, preview=preview, heartbeat_at=None, progress={})
    if not changed:
        raise Lost


def _again(row: Import, heart: Heart) -> Dataset:
    """The source as it is now, which must be what was looked at before."""
    dataset, _ = read_dataset(_reference(row, heart), Look(workers=THREADS, tell=heart.tell))
    if dataset.content_hash != row.preview.get("content_hash"):
        raise BadInput("The source has changed since it was looked at. Look at it again, then import it.")
    return dataset


def _bring_in(row: Import, heart: Heart, dataset: Dataset) -> None:
    """Files first (those that are there stay), then every row and the end of the import in one transaction."""
    corpus = row.corpus
    if corpus is None:
        raise Lost
    look = Look(workers=THREADS, tell=heart.tell)
    manifest = write_frozen(dataset, store(), corpus.prefix, look=look, name=row.name)
    with transaction.atomic():
        counts = copy_rows(connection, corpus.pk, store(), corpus.prefix, heart.tell)
        Category.objects.bulk_create(_categories(corpus, dataset, counts), batch_size=1000)
        heart.check()
        heart.still()
        now = timezone.now()
        done = _mine(row).update(
            state=Import.State.DONE, finished_at=now, heartbeat_at=None, progress={}, upload_key=""
        )
        if not done:
            raise Lost
        Corpus.objects.filter(pk=corpus.pk).update(
            state=Corpus.State.READY,
            task=dataset.task,
            content_hash=manifest["content_hash"],
            item_count=manifest["counts"]["items"],
            caption_count=manifest["counts"]["captions"],
            byte_count=manifest["counts"]["bytes"],
            about=_about(row, manifest),
        )
        told = {"items": manifest["counts"]["items"], "source": row.source}
        record(
            verb="corpus.imported", actor=row.created_by, project=row.project, target=row.name, details=told, now=now
        )
    if row.upload_key:
        store().delete(row.upload_key)
    shutil.rmtree(scratch_folder(row.pk), ignore_errors=True)


def _about(row: Import, manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        **manifest["about"],
        "meta": manifest["meta"],
        "boxes": manifest["counts"]["boxes"],
        "imported_from": row.source,
        "left_out": row.preview.get("errors", 0),
    }


def _categories(corpus: Corpus, dataset: Dataset, counts: dict[int, int]) -> list[Category]:
    rows = zip(dataset.category_ids, dataset.category_names, dataset.supercategories, strict=True)
    return [
        Category(
            corpus=corpus,
            number=number,
            external_id=external,
            name=name[:LONGEST_NAME],
            supercategory=above[:LONGEST_ABOVE],
            item_count=counts.get(number, 0),
        )
        for number, (external, name, above) in enumerate(rows)
    ]


def _long_names(dataset: Dataset) -> Iterator[Problem]:
    """Names of classes that are cut here, or that are too long for metrics of their own."""
    for number, (name, above) in enumerate(zip(dataset.category_names, dataset.supercategories, strict=True)):
        where = f"class {number}"
        if len(name) > LONGEST_NAME:
            told = f"“{name[:60]}…” has {len(name):,} characters; pages show the first {LONGEST_NAME}"
            yield Problem("long-name", where, told)
        if len(above) > LONGEST_ABOVE:
            told = f"what “{name[:60]}” belongs to has {len(above):,} characters; pages show the first {LONGEST_ABOVE}"
            yield Problem("long-name", where, told)
        if (size := len(quote(name, safe=""))) > MOST_SLICE:
            told = f"“{name[:60]}…” takes {size:,} bytes in a metric's name, {MOST_SLICE:,} are the most"
            yield Problem("long-name", where, f"{told}: give it a shorter name, or its own metrics are not kept")


def _reference(row: Import, heart: Heart) -> str:
    """What there is to read; an uploaded zip is unpacked first, unless it lies there whole from an earlier attempt."""
    if not row.upload_key:
        return row.reference
    folder = scratch_folder(row.pk)
    whole = folder / "unpacked"
    if not whole.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with store().open(row.upload_key) as file:
            unpack(file, folder / "part", most=4 * settings.NEARMISS_UPLOAD_LIMIT, tell=heart.tell)
        (folder / "part").rename(whole)
    reference = row.reference.replace(UPLOADED, str(whole), 1)
    within = urlencode({"within": str(whole)})
    return f"{reference}{'&' if '=' in reference.rpartition('?')[2] else ''}{within}"


def _end(row: Import, state: Import.State, failure: str) -> None:
    """The end of an attempt that brought nothing in, if the import is still ours."""
    with transaction.atomic():
        current = Import.objects.select_for_update(of=("self",)).filter(pk=row.pk, attempt=row.attempt).first()
        if current is None or current.state not in (Import.State.CHECKING, Import.State.IMPORTING):
            return  # another attempt may be at work in the same folder
        end_import(current, state, timezone.now(), failure)
    shutil.rmtree(scratch_folder(row.pk), ignore_errors=True)


def _shown(row: Import, text: str) -> str:
    """A message without the paths of this server, where the import came by the web."""
    folders = [str(scratch_folder(row.pk) / "unpacked")] if row.upload_key else []
    folders += [split_reference(row.reference)[2].get("within", "")]
    for folder in filter(None, folders):
        text = text.replace(f"{folder}/", "").replace(folder, "the folder")
    return text


def _mine(row: Import) -> Any:
    """The row as long as this attempt has it, as a queryset to update."""
    states = [Import.State.CHECKING, Import.State.IMPORTING]
    return Import.objects.filter(pk=row.pk, attempt=row.attempt, state__in=states)


def _waiting_state(import_id: int) -> Any:
    """CHECKING goes on waiting as it is; IMPORTING waits as QUEUED."""
    state = Import.objects.filter(pk=import_id).values_list("state", flat=True).first()
    return Import.State.QUEUED if state == Import.State.IMPORTING else F("state")


def _first_errors(problems: list[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity == "error"]
    shown = "; ".join(f"{problem.place}: {problem.message}" for problem in errors[:3])
    return f"{len(errors):,} things in the source cannot be used: {shown}"
