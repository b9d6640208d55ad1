"""Pages of probes: the panel on a case, one column of it while it is awaited, pins, and files of what is pinned."""

from __future__ import annotations

import csv
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from ml_core.cells import safe_cell
from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.experiments.cases.queries import Row, case_of
from webapp.experiments.models import Probe, Run
from webapp.experiments.probing import actions, files, panel, queries


@project_page("case.view", post="case.probe")
def probes(request: ProjectRequest, run_id: int, number: int) -> HttpResponse:
    """The panel of a case; a caption that is sent is asked, and answered into its column."""
    run, case = _case(request, run_id, number)
    if request.method != "POST":
        return _panel(request, run, case)
    text = request.POST.get("text", "")
    try:
        actions.ask(run=run, case=case, text=text, actor=request.user, now=timezone.now())
    except BadInput as problem:
        return _panel(request, run, case, text=text[: 2 * Probe.LONGEST], error=str(problem))
    return _panel(request, run, case, text=text)


@project_page("case.view")
def probe(request: ProjectRequest, run_id: int, probe_id: int) -> HttpResponse:
    """One column: its answer once it is there."""
    run, row = _probe(request, run_id, probe_id)
    look = request.GET.get("look", "")
    return _column(request, run, row, look=int(look) if look.isascii() and look.isdigit() and len(look) < 6 else 99)


@project_page(post="case.probe")
def pin(request: ProjectRequest, run_id: int, probe_id: int) -> HttpResponse:
    """Keeps an answered caption as evidence."""
    note = request.POST.get("note", "")
    return _changed(
        request, run_id, probe_id,
        lambda row: actions.pin(probe=row, note=note, actor=request.user, now=timezone.now()),
    )  # fmt: skip


@project_page(post="case.probe")
def unpin(request: ProjectRequest, run_id: int, probe_id: int) -> HttpResponse:
    """Takes the pin off."""
    return _changed(
        request, run_id, probe_id, lambda row: actions.unpin(probe=row, actor=request.user, now=timezone.now())
    )


@project_page(post="case.probe")
def remove(request: ProjectRequest, run_id: int, probe_id: int) -> HttpResponse:
    """Takes a caption away; the panel then offers to bring it back."""
    run, row = _probe(request, run_id, probe_id)
    case = _case_of(run, row)
    try:
        actions.remove(probe=row, actor=request.user)
    except BadInput as problem:
        return _panel(request, run, case, error=str(problem))
    return _panel(request, run, case, removed=row.text)


@project_page("case.view")
def probes_csv(request: ProjectRequest, run_id: int) -> HttpResponse:
    """What is pinned on a run's cases, an answer a row."""
    run = _run(request, run_id)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-probes.csv"'
    writer = csv.writer(response)
    writer.writerow(files.COLUMNS)
    for row in files.rows(run):
        writer.writerow([safe_cell(value) if isinstance(value, str) else value for value in row])
    return response


@project_page("case.view")
def probes_json(request: ProjectRequest, run_id: int) -> HttpResponse:
    """What is pinned on a run's cases, with all that is known of it."""
    run = _run(request, run_id)
    response = JsonResponse(files.document(run), json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-probes.json"'
    return response


def _changed(request: ProjectRequest, run_id: int, probe_id: int, change: Callable[[Probe], None]) -> HttpResponse:
    run, row = _probe(request, run_id, probe_id)
    try:
        change(row)
    except BadInput as problem:
        return _panel(request, run, _case_of(run, row), error=str(problem))
    row = queries.one_of(run, row.pk, request.user) or row
    return _column(request, run, row)


def _panel(
    request: ProjectRequest, run: Run, case: Row, *, text: str | None = None, error: str = "", removed: str = ""
) -> HttpResponse:
    """The panel for a page that has asked in part; for a whole page, the way back to the case."""
    if not request.htmx:  # type: ignore[attr-defined]
        messages.error(request, error) if error else None
        return redirect("experiments:case", slug=request.project.slug, run_id=run.pk, number=case.number)
    about = {"project": request.project, "run": run, "case": case}
    shown = panel.values(request, run, case, now=timezone.now(), text=text, error=error, removed=removed)
    return render(request, "experiments/cases/_probe.html", about | shown, status=422 if error else 200)


def _column(request: ProjectRequest, run: Run, row: Probe, look: int = 0) -> HttpResponse:
    case = _case_of(run, row)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("experiments:case", slug=request.project.slug, run_id=run.pk, number=case.number)
    shown = panel.columns(request, run, case, [row], now=timezone.now(), look=look)[1]
    about = {"project": request.project, "run": run, "case": case, "column": shown}
    may = role_may(request.role, "case.probe")
    return render(request, "experiments/cases/_probe_column.html", about | {"may_probe": may})


def _run(request: ProjectRequest, run_id: int) -> Run:
    run = queries.run_in(request.project, run_id)
    if run is None:
        raise Http404("No such run in this project.")
    return run


def _case(request: ProjectRequest, run_id: int, number: int) -> tuple[Run, Row]:
    run = _run(request, run_id)
    case = case_of(run, number)
    if case is None:
        raise Http404("No such case.")
    return run, case


def _case_of(run: Run, row: Probe) -> Row:
    case = case_of(run, row.case_number)
    if case is None:
        raise Http404("No such case.")
    return case


def _probe(request: ProjectRequest, run_id: int, probe_id: int) -> tuple[Run, Probe]:
    run = _run(request, run_id)
    row = queries.one_of(run, probe_id, request.user)
    if row is None:
        raise Http404("No such caption here.")
    return run, row
