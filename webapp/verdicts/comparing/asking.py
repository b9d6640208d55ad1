"""Asks a worker for the statistics of a comparison, once for each content, and shows them as soon as they are there."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from ml_core.claims.plan import FORMAT
from webapp.accounts.models import Project
from webapp.annotation.models import Calculation
from webapp.annotation.review.calculations import UNDER_WAY, Shown, again, wanted
from webapp.verdicts.comparing.queries import Comparison

COMPARISON = "comparison"
RESAMPLES, SEED = 2000, 0


def request_of(found: Comparison) -> dict[str, Any]:
    """Everything that the numbers depend on; a run's cases belong to its attempt."""
    return {
        "runs": [[run.id, run.attempt] for run in found.runs],
        "baseline": found.asked.baseline,
        "groups": {name: [run.id for run in runs] for name, runs in found.groups.items()},
        "set": found.asked.set,
        "control": found.control.id if found.control else 0,
        "data": found.baseline.data if found.baseline else "",
        "registration": list(found.registered),
        "format": FORMAT,
        "resamples": RESAMPLES,
        "seed": SEED,
    }


def stamp_of(request: dict[str, Any]) -> str:
    """A name for the content: the same request, the same numbers."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def statistics_of(project: Project, found: Comparison, *, now: datetime) -> Shown:
    """The numbers of a comparison, asked for where nobody has."""
    row = _row(project, found, now=now)
    ready = row.state == Calculation.State.READY
    failure = row.failure if row.state == Calculation.State.FAILED else ""
    return Shown(row.result if ready else None, row.finished_at, current=ready, failure=failure)


def stamp_for(found: Comparison) -> str:
    """The name of a comparison's content, by which a page asks again and again."""
    return stamp_of(request_of(found))


def is_under_way(project: Project, stamp: str) -> bool:
    """Whether a worker still has to make these numbers: one statement, because a page asks several times a second."""
    return Calculation.objects.filter(project=project, kind=COMPARISON, stamp=stamp, state__in=UNDER_WAY).exists()


def statistics_again(project: Project, found: Comparison, *, now: datetime) -> None:
    """Wants numbers that failed once more."""
    again(row=_row(project, found, now=now), now=now)


def _row(project: Project, found: Comparison, *, now: datetime) -> Calculation:
    request = request_of(found)
    return wanted(project=project, kind=COMPARISON, stamp=stamp_of(request), request=request, now=now)
