"""Asks a worker for a ledger's numbers, once for each content, and shows them as soon as they are there."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from webapp.annotation.models import Calculation
from webapp.annotation.review.calculations import Shown, again, wanted
from webapp.experiments.files import store
from webapp.verdicts.ledger.history import LEDGER
from webapp.verdicts.ledger.queries import Ledger
from webapp.verdicts.ledger.sources import stamps_of

RESAMPLES, SEED = 2000, 0


def request_of(found: Ledger) -> dict[str, Any]:
    """Everything that the numbers depend on; a run's cases belong to its attempt, labels to their histories."""
    sources = found.sources
    owed = {campaign.pk for campaign in sources.owed}
    return {
        "project": found.project.pk,
        "runs": [[run.pk, run.attempt] for run in found.runs],
        "direction": found.asked.direction,
        "labels": found.asked.labels,
        "broken": [[run, row.pk] for run, row in sorted(sources.broken.items()) if row.pk not in owed],
        "successes": sources.successes.pk if sources.successes else 0,
        "stamps": stamps_of(sources.campaigns),
        "resamples": RESAMPLES,
        "seed": SEED,
    }


def numbers_of(found: Ledger, *, now: datetime) -> Shown:
    """The numbers of a ledger, asked for where nobody has or where their file is gone."""
    row = _row(found, now=now)
    if row.state == Calculation.State.READY and not store().exists(row.result["key"]):
        row = _anew(row, now=now)
    ready = row.state == Calculation.State.READY
    failure = row.failure if row.state == Calculation.State.FAILED else ""
    return Shown(row.result if ready else None, row.finished_at, current=ready, failure=failure)


def numbers_again(found: Ledger, *, now: datetime) -> None:
    """Wants numbers that failed once more."""
    again(row=_row(found, now=now), now=now)


def _anew(row: Calculation, *, now: datetime) -> Calculation:
    """Wants numbers again whose history the store has no more: a worker makes the file anew."""
    lost = Calculation.objects.filter(pk=row.pk, state=Calculation.State.READY)
    lost.update(state=Calculation.State.FAILED, failure="")
    again(row=row, now=now)
    row.refresh_from_db()
    return row


def _row(found: Ledger, *, now: datetime) -> Calculation:
    request = request_of(found)
    stamp = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    return wanted(project=found.project, kind=LEDGER, stamp=stamp, request=request, now=now)
