"""Pictures that a run drew, shown in its page, and the numbers behind them as tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response

from ml_core.cells import safe_cell
from ml_core.pictures.text_occlusion import WORD_COLUMNS, word_rows
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.experiments.attention.panel import is_picture
from webapp.experiments.attention.reading import UNREADABLE
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Run
from webapp.experiments.queries import details
from webapp.experiments.views.found import run_or_404

_PNG = b"\x89PNG\r\n\x1a\n"
_NO_TABLE = "The run left no such table that a page could read."


@project_page("case.view")
def picture(request: ProjectRequest, run_id: int, artifact_id: int) -> HttpResponse:
    """A PNG among the plots of this run, of that type whatever it holds; 404 for every other file."""
    row = details.artifact_of(run_or_404(request, run_id), artifact_id)
    if row is None or not is_picture(row):
        raise Http404("No such picture of this run.")
    tag = f'"{row.sha256}"'
    unchanged = get_conditional_response(request, etag=tag)
    if unchanged is not None and unchanged.status_code == 304:
        return _guarded(unchanged, tag)
    try:
        data = store().read_bytes(row.key)
    except OSError:
        raise Http404("This file is no longer in the store.") from None
    if not data.startswith(_PNG):
        raise Http404("This file is no picture.")
    return _guarded(HttpResponse(data, content_type="image/png"), tag)


def _guarded(response: HttpResponse, tag: str) -> HttpResponse:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@project_page("case.view")
def attention_csv(request: ProjectRequest, run_id: int) -> HttpResponse:
    """A row a picture that was looked at."""
    return _columns(run_or_404(request, run_id), "occlusion", "attention")


@project_page("case.view")
def squares_csv(request: ProjectRequest, run_id: int, number: int) -> HttpResponse:
    """A row a square that was blanked in one picture."""
    return _columns(run_or_404(request, run_id), f"occlusion_{number}", f"attention-{number}")


@project_page("case.view")
def words_csv(request: ProjectRequest, run_id: int) -> HttpResponse:
    """A row a word that was left out."""
    run = run_or_404(request, run_id)
    try:
        rows = list(word_rows(_table(run, "text_occlusion")))
    except UNREADABLE:
        raise Http404(_NO_TABLE) from None
    return _csv(run, "words", WORD_COLUMNS, rows)


def _columns(run: Run, name: str, called: str) -> HttpResponse:
    """One of the run's tables by its columns; 404 where it has none that can be read."""
    columns: dict[str, Any] = {key: column for key, column in _table(run, name).items() if isinstance(column, list)}
    if not columns:
        raise Http404(_NO_TABLE)
    return _csv(run, called, columns, zip(*columns.values(), strict=False))


def _table(run: Run, name: str) -> dict[str, Any]:
    return details.plot_table(Artifact.objects.filter(run=run, path=f"plots/{name}.json").first()) or {}


def _csv(run: Run, called: str, names: Iterable[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="run-{run.pk}-{called}.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    writer = csv.writer(response)
    writer.writerow([safe_cell(name) for name in names])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return response
