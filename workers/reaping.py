"""Runs whose heart stopped: put back in the queue from their last checkpoint, cancelled if so wanted, or given up."""

from __future__ import annotations

import logging

from django.conf import settings

from webapp.experiments.lifecycle import MOST_LOSSES, Ghost, end_run, fail_hopeless, lost_runs, put_back
from webapp.experiments.models import Run

logger = logging.getLogger(__name__)


def reap() -> list[int]:
    """Deals with every lost run; returns the ids of those that wait again."""
    fail_hopeless()
    waiting = []
    for run_id, attempt, losses, cancel_wanted in lost_runs(seconds=settings.NEARMISS_LOST_AFTER):
        try:
            if cancel_wanted:
                end_run(run_id, attempt, Run.State.CANCELLED)
            elif losses + 1 >= MOST_LOSSES:
                end_run(run_id, attempt, Run.State.FAILED, failure=_given_up(losses + 1))
            else:
                put_back(run_id, attempt, lost=True)
                waiting.append(run_id)
            logger.warning("run %s: attempt %s was lost", run_id, attempt)
        except Ghost:  # its heart beat again in between, or somebody else was quicker
            continue
    return waiting


def _given_up(losses: int) -> dict[str, object]:
    return {
        "reason": f"The run lost its worker {losses} times in a row without getting to a new checkpoint.",
        "advice": "Most often it takes the whole machine down with it: clone it with a smaller batch or fewer workers.",
        "field": "",
        "tail": [],
    }
