"""Reading pages: the list of runs, a run, what changes while it runs, its numbers and files."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.cells import safe_cell
from ml_core.spec import Card
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.design.numbers import written
from webapp.design.slides import Slide
from webapp.experiments import classes
from webapp.experiments.attention import panel as attention
from webapp.experiments.browsing.queries import METHODS
from webapp.experiments.cases import markup
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.filters import CLASSIFY, Filters
from webapp.experiments.cases.shown import Place
from webapp.experiments.cases.shown import card as case_card
from webapp.experiments.commands import command_of
from webapp.experiments.files import store
from webapp.experiments.forms import setting
from webapp.experiments.models import Artifact, LogLine, Run
from webapp.experiments.plots import curve_plots, heats_of, plots_of, sheet_of
from webapp.experiments.queries import details, following, runs
from webapp.experiments.queries.left import artifacts_of, files_of
from webapp.experiments.views.found import run_or_404

_APART = ("packages", "seeds", "memory_bytes", "queries")  # facts that rows of their own tell, or that no person reads
NEAREST = 6  # wrong answers on a run's page
ACTIVE = (Run.State.QUEUED, Run.State.RUNNING)


@never_cache
@project_page("run.view")
def run_list(request: ProjectRequest) -> HttpResponse:
    """Every run of the project, newest first, narrowed by what stands in the address."""
    filters = filters_of(request)
    page = runs.page_of_runs(request.project, filters, now=timezone.now())
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    link = f"?{kept.urlencode()}&" if kept else "?"
    shown = {
        "project": request.project,
        "page": page,
        "filters": filters,
        "states": runs.STATES.items(),
        "choices": runs.choices_of(request.project),
        "older": f"{link}before={page.older}" if page.older else "",
        "newer": f"{link}after={page.newer}" if page.newer else "",
        "may_launch": role_may(request.role, "run.launch"),
        "active": any(row.state in ACTIVE for row in page.rows),
        "api": api_call(request, "experiments:api_runs", query=kept.urlencode(), slug=request.project.slug),
    }
    template = "experiments/_rows.html" if request.headers.get("HX-Target") == "runs" else "experiments/runs.html"
    return render(request, template, shown)


@never_cache
@project_page("run.view")
def run_page(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Everything about one run."""
    run = run_or_404(request, run_id)
    metrics = details.metrics_of(run)
    artifacts = artifacts_of(run)
    card = runs.card_of(run.method)
    inputs = details.inputs_of(run)
    drawn = details.plot_tables(artifacts)
    chosen, left = spec_rows(run, card, {one.field.partition(".")[0]: one.name for one in inputs})
    shown = live_parts(request, run) | {
        "tables": details.metric_tables(metrics),
        "headlines": details.headlines(run, metrics),
        "held_out": runs.held_out_of(run),
        "plots": plots_of(drawn),
        **class_parts(request, run, drawn),
        **attention.values(request, run, drawn, artifacts),
        "curves": curve_plots(details.curves_of(run)),
        "files": files_of(artifacts),
        "inputs": inputs,
        "users": details.users_of(run),
        "card": card,
        "chosen": chosen,
        "left": left,
        "provenance": provenance_rows(run),
        "packages": list((run.provenance.get("packages") or {}).items()),
        "command": command_of(run),
        "captioning": tuple(METHODS),
        "crossed": run.spec.get("split") == "folds",
        "has_seed": bool(card and "seed" in card.spec.model_fields),
        "may_label": bool(run.case_count) and role_may(request.role, "campaign.manage"),
        "may_mine": bool(run.case_count) and details.may_follow(run, "failures.mine"),
        "misses": [_slides(run, miss) for miss in details.near_misses(run)]
        if role_may(request.role, "case.view")
        else [],
        "may": {verb: role_may(request.role, f"run.{verb}") for verb in ("launch", "download", "delete")},
        "api": api_call(request, "experiments:api_run", slug=request.project.slug, run_id=run.pk),
    }
    return render(request, "experiments/run.html", shown)


def class_parts(request: ProjectRequest, run: Run, tables: dict[str, Any]) -> dict[str, object]:
    """What the page of a classification shows beside what every run has; empty for the others."""
    gallery = reverse("experiments:cases", kwargs={"slug": run.project.slug, "run_id": run.pk})
    rows = classes.classes_of(tables.get("classes"), gallery)
    place = Place.of(run.project.slug, run.pk, corpus := details.corpus_of(run), "direction=classify")
    may_look = role_may(request.role, "case.view") and bool(run.case_count)
    return {
        "confusion": classes.confusion_of(tables.get("confusion"), gallery),
        "classes": rows,
        "changed": any(row.net is not None for row in rows),
        "heats": heats_of(tables),
        "sheet": sheet_of(tables, lambda number: place.picture(number, "small")) if corpus else None,
        "may_look": may_look,
        "missed_classes": _nearest_classes(run, corpus, place) if rows and may_look else "",
        "beside": following.beside(run) if rows else None,
    }


def _nearest_classes(run: Run, corpus: int | None, place: Place) -> SafeString:
    """The wrong answers of a classification that came nearest, as the gallery shows them."""
    page = cases.page_of(run, Filters(direction=CLASSIFY), size=NEAREST)
    known = cases.known_of(corpus, page.rows)
    return markup.cards(case_card(row, known, place) for row in page.rows)


@never_cache
@project_page("run.view")
def live(request: ProjectRequest, run_id: int) -> HttpResponse:
    """What changes while a run waits or works; nothing where nothing changed; the whole page once it has ended."""
    run = run_or_404(request, run_id)
    if run.state not in ACTIVE:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    parts = live_parts(request, run)
    if request.GET.get("seen") == parts["seen"]:
        return HttpResponse(status=204)
    return render(request, "experiments/_live.html", parts)


@never_cache
@project_page("run.view")
def curves(request: ProjectRequest, run_id: int) -> HttpResponse:
    """The curves so far; nothing where no point was added."""
    run = run_or_404(request, run_id)
    found = details.curves_of(run)
    points = str(sum(len(curve) for curve in found.values()))
    if request.GET.get("points") == points:
        return HttpResponse(status=204)
    shown = {
        "project": request.project,
        "run": run,
        "curves": curve_plots(found),
        "points": points,
        "is_active": run.state in ACTIVE,
    }
    return render(request, "experiments/_curves.html", shown)


@project_page("run.view")
def metrics_csv(request: ProjectRequest, run_id: int) -> HttpResponse:
    """Every number of a run as a table for other programs, curves included."""
    run = run_or_404(request, run_id)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}-metrics.csv"'
    writer = csv.writer(response)
    writer.writerow(["metric", "slice", "step", "value", "low", "high", "n", "held_out"])
    for metric in run.metrics.order_by("step", "name", "slice"):
        step = "" if metric.step < 0 else metric.step
        row = [safe_cell(metric.name), safe_cell(metric.slice), step, metric.value, metric.low, metric.high, metric.n]
        row.append(runs.held_out_of(run))
        writer.writerow(row)
    return response


@project_page("run.view")
def log_text(request: ProjectRequest, run_id: int) -> StreamingHttpResponse:
    """The whole log as text."""
    run = run_or_404(request, run_id)

    def lines() -> Iterator[str]:
        found = LogLine.objects.filter(run=run).order_by("attempt", "number")
        for line in found.iterator(chunk_size=1000):
            yield f"{line.at:%Y-%m-%d %H:%M:%S} {line.level:<7} {line.message}\n"

    return StreamingHttpResponse(lines(), content_type="text/plain; charset=utf-8")


@project_page("run.download")
def artifact(request: ProjectRequest, run_id: int, artifact_id: int) -> HttpResponseBase:
    """One file that the run left, always as a download."""
    run = run_or_404(request, run_id)
    row = details.artifact_of(run, artifact_id)
    if row is None:
        raise Http404("No such file of this run.")
    return download(row.key, f"run-{run.pk}-{safe_name(row)}", row.byte_count)


def download(key: str, name: str, size: int) -> HttpResponseBase:
    """A file of the store as a download that no browser runs."""
    try:
        file = store().open(key)
    except FileNotFoundError:
        raise Http404("This file is no longer in the store.") from None
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")
    response["Content-Length"] = str(size)
    return response


def live_parts(request: ProjectRequest, run: Run) -> dict[str, object]:
    """What the live part of a run's page shows."""
    log = details.log_tail(run)
    place = runs.positions_of([run]).get(run.pk)
    last = f"{log[-1].attempt}.{log[-1].at}" if log else ""
    elsewhere = runs.older_elsewhere(run) if place else 0
    told = repr((run.state, run.progress, place, elsewhere, last, run.cancel_requested_at, run.attempt))
    return {
        "project": request.project,
        "run": run,
        "title": runs.title_of(run),
        "shown_state": runs.shown_state(run),
        "is_active": run.state in ACTIVE,
        "position": place,
        "elsewhere": elsewhere,
        "progress": {key: run.progress.get(key) for key in ("stage", "done", "total", "unit", "rate", "eta")},
        "waiting_for": details.waiting_for(run) if run.state == Run.State.QUEUED else [],
        "log": log,
        "seconds": runs.seconds_of(run, now=timezone.now()),
        "seen": hashlib.sha256(told.encode()).hexdigest()[:16],
        "may_launch": role_may(request.role, "run.launch"),
    }


def spec_rows(
    run: Run, card: Card | None, names: dict[str, str]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """The settings as (name, words): those that somebody chose, and those that are as the method has them.

    `names` are those of the data sets and runs that settings name.
    """
    fields = card.spec.model_fields if card else {}
    chosen: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    for name in [*fields, *(name for name in run.spec if name not in fields)]:
        info = fields.get(name)
        default = object() if info is None or info.is_required() else info.get_default(call_default_factory=True)
        words = _words(run.spec.get(name))
        told = f"{names[name]} ({words})" if name in names else words
        (left if words == _words(default) else chosen).append((setting(name), told))
    return chosen, left


def provenance_rows(run: Run) -> list[tuple[str, str]]:
    """What the numbers depend on as (name, words), but for the packages."""
    facts = {key: value for key, value in run.provenance.items() if key not in _APART}
    rows = [(_(key.replace("_", " ")), _words(value)) for key, value in facts.items()]
    seeds, peak = run.provenance.get("seeds") or {}, run.provenance.get("memory_bytes")
    rows += [("seeds", ", ".join(f"{name} {value}" for name, value in seeds.items()))] if seeds else []
    return rows + ([(_("peak memory"), " ".join(written(peak, "bytes")))] if peak else [])


def filters_of(request: HttpRequest) -> runs.Filters:
    """What the address narrows a list to; anything else in it is passed over."""
    get = request.GET
    state = get.get("state", "")
    return runs.Filters(
        state=state if state in runs.STATES else "",
        method=get.get("method", "")[:80],
        dataset=_number(get.get("dataset")),
        text=get.get("q", "").replace("\0", "")[:100].strip(),
        before=_number(get.get("before")),
        after=_number(get.get("after")),
    )


def safe_name(row: Artifact) -> str:
    """A file name made of harmless characters."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", row.path.replace("/", "-"))[-120:].lstrip(".-") or "file"


def _slides(run: Run, miss: details.Miss) -> dict[str, object]:
    """A near miss as a pair of slides: the picture wanted beside the one that came first."""
    return {
        "caption": miss.caption,
        "wanted_slide": _slide(
            run, miss, miss.wanted, _("Wanted"), _("rank %(n)d") % {"n": miss.rank}, miss.wanted_score, ""
        ),
        "given_slide": _slide(run, miss, miss.given, _("Retrieved"), "", miss.given_score, "near"),
    }


def _slide(run: Run, miss: details.Miss, number: int, label: str, edge: str, score: float, tone: str) -> Slide:
    where = {"slug": run.project.slug, "corpus_id": miss.corpus, "number": number}
    source = reverse("corpora:picture", kwargs=where | {"size": "medium"})
    return Slide(label, src=source, alt=_("Picture %(n)d") % {"n": number}, number=edge, score=score, tone=tone)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def _words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_(str(name).replace('_', ' '))} {_words(part)}" for name, part in value.items()) or _(
            "none"
        )
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(part, dict) for part in value) else ", ").join(map(_words, value)) or _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _("none") if value in (None, "") else str(value)


def run_url(run: Run) -> str:
    """The address of a run's page."""
    return reverse("experiments:run", kwargs={"slug": run.project.slug, "run_id": run.pk})
