"""Pinned probes for other programs: rows of a table, and one document with everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from webapp.experiments.cases import queries as cases
from webapp.experiments.models import Probe, Run
from webapp.experiments.probing import queries

COLUMNS = (
    "probe", "case", "caption", "text", "rank_before", "rank", "right", "right_score", "source", "place", "picture",
    "score", "person", "at", "pinned_at", "note",
)  # fmt: skip
FORMAT = "nearmiss-probes-1"


def rows(run: Run) -> Iterator[tuple[Any, ...]]:
    """One answer of one pinned probe a row, as COLUMNS names them; pictures by their number in the data set."""
    for probe, case in _pinned(run):
        for place, (number, score) in enumerate(zip(probe.given, probe.scores, strict=True), start=1):
            yield (
                probe.pk, case.number, case.prompt_text, probe.text, case.rank, probe.rank, case.right,
                probe.right_score, probe.model.get("source", ""), place, number, score,
                probe.created_by.username if probe.created_by else "", probe.created_at.isoformat(),
                probe.pinned_at.isoformat() if probe.pinned_at else "", probe.note,
            )  # fmt: skip


def document(run: Run) -> dict[str, Any]:
    """Everything that is pinned on a run, with the model and the data that answered."""
    facts = {name: run.provenance.get(name, "") for name in queries.RECORDED}
    pinned = [
        as_json(probe) | {"caption": case.prompt_text, "rank_before": case.rank, "right": case.right}
        for probe, case in _pinned(run)
    ]
    return {"format": FORMAT, "run": run.pk, "attempt": run.attempt, **facts, "probes": pinned}


def as_json(probe: Probe) -> dict[str, Any]:
    """A probe as plain values."""
    return {
        "id": probe.pk,
        "case": probe.case_number,
        "text": probe.text,
        "state": probe.state,
        "failure": probe.failure,
        "rank": probe.rank,
        "right_score": probe.right_score,
        "given": [{"number": a, "score": b} for a, b in zip(probe.given, probe.scores, strict=True)],
        "model": probe.model,
        "created_by": probe.created_by.username if probe.created_by else None,
        "created_at": probe.created_at.isoformat(),
        "finished_at": probe.finished_at.isoformat() if probe.finished_at else None,
        "pinned_at": probe.pinned_at.isoformat() if probe.pinned_at else None,
        "note": probe.note,
    }


def _pinned(run: Run) -> list[tuple[Probe, cases.Row]]:
    found = queries.pinned_of(run)
    known = {case.number: case for case in cases.cases_numbered(run, sorted({one.case_number for one in found}))}
    return [(one, known[one.case_number]) for one in found if one.case_number in known]
