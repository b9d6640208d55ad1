"""The comparison page and its files."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.cells import safe_cell
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.annotation.review.calculations import Shown
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.verdicts.comparing import asking, confirming, failures, flips, gallery, many, queries, shown
from webapp.verdicts.comparing.asked import ALL, NO_CONTROL
from webapp.verdicts.comparing.found import Looked, look

FILES = ("numbers", "settings")
ACROSS = 4  # so few runs stand side by side, with their settings as rows
# Milliseconds between looks for numbers; the last again and again.
PAUSES = (*[100] * 8, *[150] * 8, 250, 250, 500, 500, 1000, 2000)


@project_page("run.view")
def compare(request: ProjectRequest) -> HttpResponse:
    """Runs beside each other; the numbers come from a worker, everything else is there at once."""
    stamp = request.GET.get("stamp", "")
    if request.headers.get("HX-Request") and stamp and asking.is_under_way(request.project, stamp):
        return render(request, "verdicts/comparing/_numbers.html", _waiting(request, stamp))
    looked = look(request.project, request.user, request.GET)
    if request.headers.get("HX-Request") and request.GET.get("part") == "settings":
        return render(request, "verdicts/comparing/_settings.html", _head(request, looked) | _settings(looked))
    page = _numbers(request, looked) if looked.ready else {}
    if request.headers.get("HX-Request"):
        return render(request, "verdicts/comparing/_numbers.html", _head(request, looked) | page)
    page |= _head(request, looked)
    if looked.ready:
        page |= _gallery(request, looked)
    request.section = "runs"  # type: ignore[attr-defined]  # what the bar on top marks
    return render(request, "verdicts/comparing/compare.html", page)


@project_page(post="run.view")
def compare_again(request: ProjectRequest) -> HttpResponse:
    """Numbers that failed are tried again."""
    looked = look(request.project, request.user, request.GET)
    if looked.ready:
        asking.statistics_again(request.project, looked.comparison, now=timezone.now())
    return redirect(f"{reverse('verdicts:compare', args=[request.project.slug])}?{looked.asked.address()}")


@project_page("run.view")
def compare_file(request: ProjectRequest, part: str) -> HttpResponse:
    """What the page shows as CSV: `numbers` or `settings`."""
    looked = look(request.project, request.user, request.GET)
    if part not in FILES or (part == "numbers" and not looked.ready):
        raise Http404(_("No such file."))
    if part == "settings":
        rows = shown.settings_table(looked.comparison, queries.settings_of(looked.comparison.runs))
    else:
        found = asking.statistics_of(request.project, looked.comparison, now=timezone.now())
        if found.result is None:
            raise Http404(_("Nothing is computed yet."))
        rows = shown.table(found.result, looked.comparison)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    response = HttpResponse(buffer.getvalue(), content_type="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="comparison-{part}.csv"'
    return response


def _head(request: ProjectRequest, looked: Looked) -> dict[str, Any]:
    """Which runs, what differs, and the ways to another comparison."""
    found, asked = looked.comparison, looked.asked
    settings = queries.settings_of(found.runs)
    differing = [one for one in settings if one.differs]
    many_runs = looked.ready and len(found.others) > many.MANY
    return ({} if many_runs else _settings(looked)) | {
        "project": request.project,
        "found": found,
        "asked": asked,
        "ready": looked.ready,
        "address": asked.address(),
        "count": len(found.runs),
        "many": many_runs,
        "control": found.control,
        "offered_control": _offered_control(request, looked),
        "offered": queries.offered(request.project, asked),
        "differing": len(differing),
        "same": len(settings) - len(differing),
        "settings_toggle": asked.address(settings="" if asked.settings else "all"),
        "directions": [
            (DIRECTIONS[name], f"?{asked.address(direction=name, slice=ALL, set=0, after=-1)}", name == asked.direction)
            for name in found.directions
        ],
        "slices": _slices(looked),
        "sets": [(row.pk, row.name) for row in looked.sets],
        "may_claim": looked.ready and role_may(request.role, "claim.make"),
        "may_register": role_may(request.role, "registration.make"),
        "api": api_call(request, "verdicts:api_comparison", query=asked.address(), slug=request.project.slug),
    }  # fmt: skip


def _settings(looked: Looked) -> dict[str, Any]:
    """The runs with their settings: those that differ, or all; and what stands in the address when one is changed."""
    found, asked = looked.comparison, looked.asked
    chosen = [one for one in queries.settings_of(found.runs) if one.differs or asked.settings]
    return {
        "setting_names": [one.name for one in chosen],
        "across": _across(found, chosen) if len(found.runs) <= ACROSS else [],
        "lines": [
            {
                "run": run,
                "baseline": run is found.baseline,
                "control": run is found.control,
                "values": [one.values[place] for one in chosen],
            }
            for place, run in enumerate(found.runs)
        ],
        "with_another_baseline": _but(
            "baseline", asked.said(control=0, against=0, after=-1, set=0, slice=ALL, registration=0)
        ),
        "with_others": _but("control", asked.said(after=-1)),
    }


def _across(found: queries.Comparison, chosen: list[queries.Setting]) -> list[tuple[str, list[tuple[str, bool]]]]:
    """A row a setting: its value in each run, and whether that is the baseline."""
    return [
        (one.name, [(value, run is found.baseline) for value, run in zip(one.values, found.runs, strict=True)])
        for one in chosen
    ]


def _but(name: str, said: dict[str, object]) -> list[tuple[str, object]]:
    """What a form hands on where one of its buttons says the rest."""
    return [pair for pair in said.items() if pair[0] != name]


def _offered_control(request: ProjectRequest, looked: Looked) -> dict[str, str]:
    """A control that can be taken in, or the way to launch one; nothing where one is there or none is wanted."""
    found = looked.comparison
    if not looked.ready or found.control is not None or found.asked.control == NO_CONTROL:
        return {}
    if known := queries.control_for(request.project, found):
        return {"url": "?" + found.asked.address(control=known[0]), "title": f"{known[1]} · {known[0]}"}
    improved = next((run for run in found.others if run.method == queries.IMPROVE), None)
    if improved is None or not role_may(request.role, "run.launch"):
        return {}
    form = reverse("experiments:new", args=[request.project.slug, queries.IMPROVE])
    return {"launch": f"{form}?clone={improved.id}&control=true"}


def _slices(looked: Looked) -> list[tuple[str, str]]:
    if looked.chosen is None:
        return []
    named = queries.slices_in(looked.chosen, get_language() or "en")
    return [(ALL, _("All queries")), *((key, f"{name} ({count})") for key, name, count in named)]


def _waiting(request: ProjectRequest, stamp: str) -> dict[str, Any]:
    """For a look while a worker is at it: nothing of the runs is read, so that it has the machine for itself."""
    asked = request.GET.copy()
    for name in ("look", "stamp"):
        asked.pop(name, None)
    return {"told": Shown(None, None, current=False), "address": asked.urlencode(), "stamp": stamp} | _pace(request)


def _pace(request: ProjectRequest) -> dict[str, int]:
    """When the page looks again: soon at first."""
    look = request.GET.get("look", "")
    looks = int(look) if look.isascii() and look.isdigit() and len(look) < 6 else 0
    return {"pause": PAUSES[min(looks, len(PAUSES) - 1)], "look": looks + 1}


def _numbers(request: ProjectRequest, looked: Looked) -> dict[str, Any]:
    """Everything that a worker counts; nothing of it while it is being counted."""
    found, asked = looked.comparison, looked.asked
    told = asking.statistics_of(request.project, found, now=timezone.now())
    page: dict[str, Any] = {"told": told, "failure": failures.told(told.failure), "stamp": asking.stamp_for(found)}
    page |= _pace(request)
    if told.result is None:
        return page
    part = asked.slice if asked.slice in told.result["slices"].get(asked.direction, {}) else ALL
    if len(found.others) > many.MANY:  # one table in place of a card a run and the table of metrics
        differing = [one for one in queries.settings_of(found.runs) if one.differs]
        heads, rows = many.table(told.result, found, asked.direction, part, differing)
        page |= {"heads": heads, "rows": rows, "shown_count": sum(bool(row.card and row.card["shown"]) for row in rows)}
        page["looking_at_another"] = _but("against", asked.said(flips="repaired", after=-1))
    else:
        columns, lines = shown.metric_lines(told.result, found, asked.direction, part)
        verdicts = shown.verdicts(told.result, found, asked.direction, part)
        page |= {"columns": columns, "measured": lines, "verdicts": verdicts}
    return (
        page
        | confirming.context(told.result, looked)
        | {
            "report": told.result,
            "selected": shown.selection_words(
                told.result["slices"].get(asked.direction, {}).get(part, {}).get("selection", ""),
                held=found.control is not None,
            ),
            "part": part,
            "groups": shown.groups(told.result, asked.direction, part),
            "plots": shown.plots(told.result, found, asked.direction, part),
            "moves": shown.moves(told.result, found, asked.direction, part),
        }
    )


def _gallery(request: ProjectRequest, looked: Looked) -> dict[str, Any]:
    """A page of flips between the baseline and the run looked at."""
    asked = looked.asked
    cases = queries.cases_in(looked.chosen, asked.slice)
    counts = flips.counts_of(asked.baseline, asked.against, asked.direction, cases)
    page = flips.page_of(asked.baseline, asked.against, asked.direction, asked.flips, cases=cases, start=asked.after)
    words = shown.cell_words()
    baseline = looked.comparison.baseline
    made = gallery.cards(
        page.flips, request.project.slug, (asked.baseline, asked.against), baseline.corpus_id if baseline else None
    )
    return {
        "cards": made,
        "cells": [
            (words[key], f"?{asked.address(flips=key, after=-1)}#flips", key == asked.flips, counts[key])
            for key in words
        ],
        "next": f"?{asked.address(after=page.next)}#flips" if page.next is not None else "",
        "first": f"?{asked.address(after=-1)}#flips" if asked.after >= 0 else "",
        "against": next((run for run in looked.comparison.runs if run.id == asked.against), None),
    }
