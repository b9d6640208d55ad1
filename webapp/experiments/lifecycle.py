"""A run's states and who may change them: claim, heartbeat, put back, end. Every write of a worker names its attempt.

Times are PostgreSQL's own (`now()`): heartbeats of several machines are compared with one clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from webapp.corpora.models import Corpus
from webapp.experiments.models import CaptionFile, Metric, Run, RunInput

MOST_LOSSES = 5  # workers lost in a row without a new checkpoint before a run is given up
FINAL = -1  # the step of a final value


class Ghost(Exception):
    """The run is no longer ours: another attempt has it, or it has ended. Nothing was written."""


@dataclass(frozen=True)
class Pulse:
    """What a heartbeat brings back: whether the run is still ours, and whether somebody wants it cancelled."""

    alive: bool
    cancel_requested: bool


def claim_run(*, queues: list[str], worker: str) -> Run | None:
    """The oldest waiting run of these queues whose inputs are ready, now running as a new attempt of ours; or None."""
    not_ready = RunInput.objects.filter(run=OuterRef("pk")).filter(
        Q(corpus__isnull=False) & ~Q(corpus__state=Corpus.State.READY)
        | Q(source_run__isnull=False) & ~Q(source_run__state=Run.State.SUCCEEDED)
        | Q(caption_file__isnull=False) & ~Q(caption_file__state=CaptionFile.State.READY)
    )
    with transaction.atomic():
        run = (
            Run.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
            .filter(~Exists(not_ready), state=Run.State.QUEUED, queue__in=queues)
            .order_by("created_at", "id")
            .first()
        )
        if run is None:
            return None
        Run.objects.filter(pk=run.pk).update(
            state=Run.State.RUNNING,
            attempt=F("attempt") + 1,
            worker=worker[:120],
            heartbeat_at=Now(),
            started_at=Now(),
            finished_at=None,
            progress={"stage": "starting"},
            failure={},
        )
        run.refresh_from_db()
        return run


def beat(run_id: int, attempt: int) -> Pulse:
    """One heartbeat of an attempt."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE experiments_run SET heartbeat_at = now() WHERE id = %s AND attempt = %s AND state = 'running'"
            " RETURNING cancel_requested_at IS NOT NULL",
            [run_id, attempt],
        )
        row = cursor.fetchone()
    return Pulse(alive=row is not None, cancel_requested=bool(row and row[0]))


@contextmanager
def held(run_id: int, attempt: int) -> Iterator[QuerySet[Run]]:
    """A transaction that holds the running row of this attempt, as a queryset to update; Ghost where it is not ours."""
    with transaction.atomic():
        mine = Run.objects.filter(pk=run_id, attempt=attempt, state=Run.State.RUNNING)
        if not mine.select_for_update(no_key=True).values_list("pk"):
            raise Ghost(f"run {run_id} is no longer at attempt {attempt}")
        yield mine


def end_run(run_id: int, attempt: int, state: str, **values: Any) -> None:
    """An attempt's last word: succeeded, failed (with `failure=`) or cancelled."""
    with held(run_id, attempt) as mine:
        mine.update(state=state, finished_at=Now(), cancel_requested_at=None, **values)


def put_back(run_id: int, attempt: int, *, lost: bool) -> None:
    """An attempt that did not finish waits again, from its last checkpoint; what it measured since is forgotten."""
    with held(run_id, attempt) as mine:
        forget_after_checkpoint(mine.get())
        mine.update(
            state=Run.State.QUEUED, heartbeat_at=None, worker="", progress={}, lost_count=F("lost_count") + int(lost)
        )


def forget_after_checkpoint(run: Run) -> None:
    """Removes final values and every point of a curve that a run resumed from its checkpoint will measure again."""
    later = Q(step=FINAL) | Q(step__gt=run.checkpoint["step"]) if run.checkpoint else Q()
    Metric.objects.filter(later, run=run).delete()


def lost_runs(*, seconds: float) -> list[tuple[int, int, int, bool]]:
    """(id, attempt, lost_count, cancel wanted) of running runs whose heart has stopped for so long.

    Time in which PostgreSQL itself was away does not count: no heart could be heard. Neither is a run lost whose row
    somebody holds: while its cases are loaded its heart has to wait.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, attempt, lost_count, cancel_requested_at IS NOT NULL FROM experiments_run"
            " WHERE state = 'running' AND greatest(heartbeat_at, pg_postmaster_start_time())"
            " < now() - make_interval(secs => %s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
            [seconds],
        )
        return list(cursor.fetchall())


def fail_hopeless() -> list[int]:
    """Waiting runs whose inputs will never be ready fail and say why; returns their ids."""
    hopeless = (
        RunInput.objects.filter(run__state=Run.State.QUEUED)
        .filter(
            Q(source_run__state__in=[Run.State.FAILED, Run.State.CANCELLED])
            | Q(corpus__state__in=[Corpus.State.ARCHIVED, Corpus.State.DELETING])
            | Q(caption_file__state=CaptionFile.State.REFUSED)
        )
        .select_related("source_run", "corpus", "caption_file")
        .order_by("id")
    )
    failed = []
    for needed in hopeless:
        changed = Run.objects.filter(pk=needed.run_id, state=Run.State.QUEUED).update(
            state=Run.State.FAILED, finished_at=Now(), failure=_hopeless(needed)
        )
        failed += [needed.run_id] * changed
    return failed


def _hopeless(needed: RunInput) -> dict[str, Any]:
    if needed.source_run is not None:
        ended = "was cancelled" if needed.source_run.state == Run.State.CANCELLED else "failed"
        reason = f"Run {needed.source_run_id}, which this run needs, {ended}."
        advice = f"Resume or repeat run {needed.source_run_id}, then clone this one and name the new run."
    elif needed.caption_file is not None:
        reason = f"The caption file “{needed.caption_file.name}” cannot be used: {needed.caption_file.failure}"
        advice = "Upload it again as it should be, then clone this run and choose the new file."
    else:
        name = needed.corpus.name if needed.corpus else ""
        reason = f"The data set “{name}” was taken away while this run waited."
        advice = "Clone this run and choose another data set."
    return {"reason": reason, "advice": advice, "field": needed.field, "tail": []}
