"""Puts together what the panel "Try another caption" shows on a case's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.queries import Row
from webapp.experiments.cases.shown import Place
from webapp.experiments.models import Probe, Run
from webapp.experiments.probing import queries, shown
from webapp.experiments.probing.shown import Column


def values(
    request: ProjectRequest, run: Run, case: Row, *, now: datetime, text: str | None = None, error: str = "",
    removed: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The panel; empty where captions are no matter. `text` stands in the field, with what is wrong with it."""
    if not queries.is_about(run, case):
        return {}
    found = queries.of_case(run, case.number, request.user)
    return {
        "probing": True,
        "columns": columns(request, run, case, found, now=now),
        "hindrance": queries.hindrance(run, case),
        "may_probe": role_may(request.role, "case.probe"),
        "probe_text": case.prompt_text if text is None else text,
        "probe_error": error,
        "probe_removed": removed,
        "longest": Probe.LONGEST,
        "pinned": sum(probe.pinned_at is not None for probe in found),
    }


def columns(
    request: ProjectRequest, run: Run, case: Row, found: list[Probe], *, now: datetime, look: int = 0
) -> list[Column]:
    """The run's own caption, then those that were tried."""
    corpus_id = cases.corpus_of(run)
    known = cases.known_of(corpus_id, shown.rows_of(case, found), whole=True)
    where = Place.of(request.project.slug, run.pk, corpus_id, "")
    tried = [shown.column(one, case, known, where, person=request.user, now=now, look=look) for one in found]
    return [shown.own(case, known, where), *tried]
