"""The ledger's page, its files, and the click that has what was broken labelled."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.cells import safe_cell
from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.verdicts.ledger import actions, asking, shown
from webapp.verdicts.ledger.failures import page_of
from webapp.verdicts.ledger.history import History
from webapp.verdicts.ledger.queries import MOST, USUAL, Ledger, ledger_of


@project_page("case.view")
def ledger(request: ProjectRequest) -> HttpResponse:
    """A data set's failures over its runs; the numbers come from a worker, everything else is there at once."""
    found = ledger_of(request.project, request.user, request.GET)
    page = _head(request, found) | (_numbers(request, found) if found.ready else {})
    if request.headers.get("HX-Request"):
        return render(request, "verdicts/ledger/_numbers.html", page)
    return render(request, "verdicts/ledger/ledger.html", page)


@project_page(post="case.view")
def ledger_again(request: ProjectRequest) -> HttpResponse:
    """Numbers that failed are tried again."""
    found = ledger_of(request.project, request.user, request.GET)
    if found.ready:
        asking.numbers_again(found, now=timezone.now())
    return redirect(f"{reverse('verdicts:ledger', args=[request.project.slug])}?{found.asked.address()}")


@project_page(post="campaign.manage")
def ledger_broken(request: ProjectRequest, run_id: int) -> HttpResponse:
    """A blind campaign on what a run broke; a second click leads to the same one."""
    found = ledger_of(request.project, request.user, request.GET, about=run_id)
    run = next((run for run in found.runs[1:] if run.pk == run_id), None)
    if run is None:
        raise Http404(_("No such run in this ledger."))
    try:
        campaign, fresh = actions.label_broken(
            project=request.project, baseline=found.baseline, run=run, direction=found.asked.direction,
            like=found.sources.like, actor=request.user, now=timezone.now(),
        )  # fmt: skip
    except BadInput as problem:
        messages.error(request, str(problem))
        return redirect(f"{reverse('verdicts:ledger', args=[request.project.slug])}?{found.asked.address()}")
    if fresh:
        messages.success(request, _("The campaign is open: its annotators find it on their home pages."))
    return redirect("annotation:campaign", request.project.slug, campaign.pk)


@project_page("case.view")
def ledger_file(request: ProjectRequest, part: str) -> HttpResponseBase:
    """What the page shows as CSV: `matrix`, or `failures` as the address asks for them."""
    found = ledger_of(request.project, request.user, request.GET)
    told = asking.numbers_of(found, now=timezone.now()) if found.ready else None
    if part not in {"matrix", "failures"}:
        raise Http404(_("No such file."))
    if told is None or told.result is None:  # the page waits for the worker
        return redirect(f"{reverse('verdicts:ledger', args=[request.project.slug])}?{found.asked.address()}")
    if part == "matrix":
        batches: Iterable[list[list[Any]]] = [list(shown.matrix_table(told.result, found))]
    else:
        batches = _failures(found, told.result)
    response = StreamingHttpResponse(map(_written, batches), content_type="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="ledger-{part}.csv"'
    return response


def _failures(found: Ledger, report: dict[str, Any]) -> Iterator[list[list[Any]]]:
    with History(report["key"], report["runs"], report["queries"]) as history:
        yield from shown.failures_table(history, found, report)


def _written(rows: list[list[Any]]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _head(request: ProjectRequest, found: Ledger) -> dict[str, Any]:
    """Which data set, runs and labels; the ways to another ledger."""
    asked = found.asked
    request.section = "ledger"  # type: ignore[attr-defined]  # what the bar on top marks
    return {
        "project": request.project,
        "found": found,
        "asked": asked,
        "address": asked.address(),
        "directions": [
            (DIRECTIONS[name], f"?{asked.address(direction=name, labels='', category='', after=-1)}",
             name == asked.direction)
            for name in found.directions
        ],
        "baselines": [(one.id, f"{one.title} · {one.id}") for one in found.known],
        "labels": [(one.key, one.name) for one in found.sources.offered],
        "usual": USUAL,
        "most": MOST,
        "may_manage": role_may(request.role, "campaign.manage"),
        "may_launch": role_may(request.role, "run.launch"),
        "api": api_call(request, "verdicts:api_ledger", query=asked.address(), slug=request.project.slug),
    }  # fmt: skip


def _numbers(request: ProjectRequest, found: Ledger) -> dict[str, Any]:
    """Everything that a worker counts; nothing of it while it is being counted."""
    told = asking.numbers_of(found, now=timezone.now())
    report = told.result
    if report is None:
        return {"told": told}
    asked, names = found.asked, shown.category_names(found, report, get_language() or "en")
    with History(report["key"], report["runs"], report["queries"]) as history:
        page = page_of(history, asked, report)
    counts = report["states"][str(report["runs"][-1])]
    everything = sum(counts[state] for state in ("open", "repaired", "regressed"))
    words = shown.state_words()
    states = [(_("Every failure"), f"?{asked.address(state='', after=-1)}#failures", not asked.state, everything)] + [
        (words[state], f"?{asked.address(state=state, after=-1)}#failures", asked.state == state, counts[state])
        for state in ("open", "repaired", "regressed")
    ]
    plain = QueryDict(asked.address(category="", method=0, change="", words="", after=-1))
    kept = [(name, value) for name in plain for value in plain.getlist(name)]  # what the form of filters carries along
    return {
        "told": told,
        "report": report,
        "names": names,
        "lines": shown.lines(found, report),
        "counts": counts,
        "everything": everything,
        "states": states,
        "categories": shown.category_choices(report, names),
        "methods": [("", _("Every method")), *((one.id, f"{one.title} · {one.id}") for one in found.methods)],
        "changes": [
            ("", _("repaired or broke")), ("repaired", _("repaired")), ("broken", _("broke")),
            ("still_wrong", _("left wrong")),
        ],
        "kept": kept,
        "key": [(state, words[state]) for state in ("sound", *shown.LISTED)],
        "cards": shown.cards(found, page.failures, names),
        "count": page.count,
        "unfiltered": asked.address(state="", category="", method=0, change="", words="", after=-1),
        "next": f"?{asked.address(after=page.next)}#failures" if page.next is not None else "",
        "first": f"?{asked.address(after=-1)}#failures" if asked.after >= 0 else "",
        "successes": reverse("annotation:campaign_new", args=[request.project.slug])
        + f"?run={found.baseline.pk}&direction={asked.direction}&outcome=hits",
        "label_failures": reverse("annotation:campaign_new", args=[request.project.slug])
        + f"?run={found.baseline.pk}&direction={asked.direction}",
    }  # fmt: skip
