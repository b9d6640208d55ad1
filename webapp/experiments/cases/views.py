"""The gallery of a run's cases, one case, and the way to the newest gallery of a project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.cases import filters as choices
from webapp.experiments.cases import markup, queries, shown
from webapp.experiments.cases.filters import CLASSIFY, NUMBERS, Filters
from webapp.experiments.cases.table import table_of
from webapp.experiments.models import Run
from webapp.experiments.probing import panel
from webapp.experiments.queries.runs import title_of

RIVAL = {"hits": _("the runner-up")}


@dataclass(frozen=True)
class Looking:
    """What a request looks at: the run, its data set, the filters of the address and what was wrong with them."""

    run: Run
    corpus_id: int | None
    directions: tuple[str, ...]
    filters: Filters
    problems: dict[str, str]

    @property
    def place(self) -> shown.Place:
        """Where its pictures and cases are."""
        return shown.Place.of(self.run.project.slug, self.run.pk, self.corpus_id, self.filters.address())


@project_page("case.view")
def failures(request: ProjectRequest) -> HttpResponse:
    """The newest run's gallery; where no run has left cases, why and what next."""
    newest = queries.runs_with_cases(request.project, 1)
    if newest:
        return redirect("experiments:cases", slug=request.project.slug, run_id=newest[0].pk)
    _mark_section(request)
    return render(request, "experiments/cases/none.html", {"project": request.project})


@project_page("case.view")
def gallery(request: ProjectRequest, run_id: int) -> HttpResponse:
    """A page of cases, wanted beside retrieved, narrowed and sorted by what stands in the address."""
    looking = look(request, run_id)
    run, filters = looking.run, looking.filters
    after, before = _key(request, "after"), _key(request, "before")
    page = queries.page_of(run, filters, after=after, before=before)
    known = queries.known_of(looking.corpus_id, page.rows)
    address, place = filters.address(), looking.place
    values = {
        "heading": {"failed": _("Failures"), "hits": _("Hits")}.get(filters.outcome, _("All cases")),
        "lede": _lede(run, filters),
        "cards": markup.cards(shown.card(row, known, place) for row in page.rows),
        "page": page,
        "count": queries.count_of(run, filters),
        "count_limit": queries.COUNT_LIMIT,
        "previous": f"?{filters.address(before=queries.written_key(page.previous))}" if page.previous else "",
        "next": f"?{filters.address(after=queries.written_key(page.next))}" if page.next else "",
        "table": f"{reverse('experiments:cases_csv', args=[run.project.slug, run.pk])}?{address}",
        "choices": _choices(looking),
        "other_runs": [(title_of(other), _gallery_url(other)) for other in queries.runs_with_cases(request.project)],
        "may_label": role_may(request.role, "campaign.manage"),
        "api": api_call(request, "experiments:api_cases", query=address, slug=request.project.slug, run_id=run.pk),
    }
    return render(request, "experiments/cases/gallery.html", _common(request, looking) | values)


@project_page("case.view")
def cases_csv(request: ProjectRequest, run_id: int) -> StreamingHttpResponse:
    """Everything that the gallery of this address pages through, as a table."""
    looking = look(request, run_id)
    return table_of(looking.run, looking.filters)


@project_page("case.view")
def case(request: ProjectRequest, run_id: int, number: int) -> HttpResponse:
    """One case: the prompt, what was wanted, the ten best answers with their scores, and its neighbours."""
    looking = look(request, run_id)
    run, filters = looking.run, looking.filters
    row = queries.case_of(run, number)
    if row is None:
        raise Http404("No such case.")
    if row.direction != filters.direction:
        filters = replace(filters, direction=row.direction)
        looking = replace(looking, filters=filters)
    known = queries.known_of(looking.corpus_id, [row], whole=True)
    before, after = queries.neighbours_of(run, filters, row)
    place = looking.place
    given = shown.answers(row, known, place)
    axis = shown.marks(row, given)
    names = {number: name for number, name, _ in queries.categories_of(looking.corpus_id)}
    values = {
        "case": row,
        "card": shown.card(row, known, place),
        "given": given,
        "axis": axis,
        "gap": shown.gap(axis),
        "runner_up": next((score for one, score in zip(row.given, row.scores, strict=False) if one != row.right), None),
        "categories": [names[number] for number in row.category_numbers if number in names],
        "previous": place.case(before) if before is not None else "",
        "next": place.case(after) if after is not None else "",
        "back": _gallery_url(run) + f"?{filters.address()}",
        "may_teach": role_may(request.role, "taxonomy.manage"),
        "api": api_call(request, "experiments:api_case", slug=run.project.slug, run_id=run.pk, number=number),
    }
    values |= panel.values(request, run, row, now=timezone.now())
    return render(request, "experiments/cases/case.html", _common(request, looking) | values)


def look(request: ProjectRequest, run_id: int) -> Looking:
    """The run of the address (404 where it is not this project's) and the filters."""
    run = queries.run_of(request.project, run_id)
    if run is None:
        raise Http404("No such run in this project.")
    directions = queries.directions_of(run)
    filters, problems = choices.read(request.GET, directions)
    return Looking(run, queries.corpus_of(run), directions, filters, problems)


def _common(request: ProjectRequest, looking: Looking) -> dict[str, Any]:
    _mark_section(request)
    return {
        "project": request.project,
        "run": looking.run,
        "title": title_of(looking.run),
        "filters": looking.filters,
        "problems": looking.problems,
        "gallery": _gallery_url(looking.run),
        "direction": choices.DIRECTIONS.get(looking.filters.direction, ""),
    }


def _choices(looking: Looking) -> dict[str, Any]:
    filters = looking.filters
    margins = {_("Missed by"): choices.MISSED} if filters.outcome != "hits" else {}
    margins |= {_("Won by"): choices.WON} if filters.outcome != "failed" else {}
    turned = (replace(filters.without("rank", "margin", "right", "first"), direction=n) for n in looking.directions)
    told_apart = filters.direction == CLASSIFY
    categories = queries.categories_of(looking.corpus_id)
    return {
        "directions": [
            (choices.DIRECTIONS[one.direction], f"?{one.address()}", one.direction == filters.direction)
            for one in turned
        ],
        "outcomes": choices.OUTCOMES,
        "ranks": choices.RANKS if filters.outcome != "hits" else {},
        "margins": margins,
        "categories": [] if told_apart else [(n, f"{name} ({count:,})") for n, name, count in categories],
        "classes": [(n, name) for n, name, _count in categories] if told_apart else [],
        "sorts": filters.sort_choices(),
        "cleared": f"?{filters.without('rank', 'margin', *NUMBERS, 'words').address()}",
    }


def _lede(run: Run, filters: Filters) -> str:
    rival = RIVAL.get(filters.outcome, _("what came first"))
    if filters.direction == CLASSIFY:
        rival = rival if filters.outcome == "hits" else _("the predicted one")
        return _("%(run)s: the true class beside %(rival)s.") % {"run": title_of(run), "rival": rival}
    return _("%(run)s: what was wanted beside %(rival)s.") % {"run": title_of(run), "rival": rival}


def _key(request: HttpRequest, name: str) -> queries.Key | None:
    try:
        return queries.read_key(request.GET.get(name, ""))
    except (ValueError, OverflowError):
        return None  # the first page: a cursor is never typed by hand


def _mark_section(request: HttpRequest) -> None:
    request.section = "failures"  # type: ignore[attr-defined]  # what the bar on top marks; see webapp.design


def _gallery_url(run: Run) -> str:
    return reverse("experiments:cases", kwargs={"slug": run.project.slug, "run_id": run.pk})
