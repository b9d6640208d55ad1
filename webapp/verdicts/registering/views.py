"""Pages of registrations: the list, a new one with its power, one with what became of it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.experiments.models import Run
from webapp.experiments.queries.runs import title_of
from webapp.verdicts.models import Registration
from webapp.verdicts.registering import actions, queries
from webapp.verdicts.registering.covering import run_of
from webapp.verdicts.registering.forms import PowerForm, RegisterForm, WithdrawForm
from webapp.verdicts.registering.planning import part_of
from webapp.verdicts.registering.power import Power, power_of

_VIEW, _MAKE = "registration.view", "registration.make"


@project_page(_VIEW)
def registrations(request: ProjectRequest) -> HttpResponse:
    """Every registration of the project."""
    page = _page(request) | {
        "lines": queries.lines(request.project),
        "directions": DIRECTIONS,
        "api": api_call(request, "verdicts:api_registrations", slug=request.project.slug),
    }
    return render(request, "verdicts/registering/list.html", page)


@project_page(_MAKE, post=_MAKE)
def new(request: ProjectRequest) -> HttpResponse:
    """What will be compared, said before looking."""
    initial = {name: request.GET[name] for name in ("baseline", "method", "direction") if name in request.GET}
    form = RegisterForm(request.project, request.user, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        values["baseline"] = queries.baseline_of(request.project, values["baseline"])
        try:
            row = actions.register(project=request.project, actor=request.user, now=timezone.now(), **values)
        except BadInput as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return redirect("verdicts:registration", request.project.slug, row.pk)
    page = _page(request) | {"form": form}
    return render(request, "verdicts/registering/new.html", page, status=422 if form.errors else 200)


@project_page(_MAKE)
def power(request: ProjectRequest) -> HttpResponse:
    """How likely the effect that stands in the boxes is seen: a part of the form's page."""
    form = PowerForm(request.GET)
    found, n = None, None
    if form.is_valid() and form.cleaned_data["smallest_effect"]:
        values = form.cleaned_data
        n = values["n"] or _known(request, values)
        effect, broken = abs(values["smallest_effect"]) / 100, (values["broken_share"] or 0) / 100
        if n and effect + 2 * broken <= 1:
            found = power_of(request.project, effect=effect, broken=broken, n=n, now=timezone.now())
    page = {"project": request.project, "power": found, "n": n, "again": request.get_full_path()}
    return render(request, "verdicts/registering/_power.html", page)


@project_page(_VIEW)
def registration(request: ProjectRequest, registration_id: int) -> HttpResponse:
    """What was said, its power, and the run that it came to be about."""
    row = _found(request, registration_id)
    return render(request, "verdicts/registering/registration.html", _shown(request, row, WithdrawForm()))


@project_page(_VIEW)
def registration_power(request: ProjectRequest, registration_id: int) -> HttpResponse:
    """The power of a registration alone: a part of its page."""
    row = _found(request, registration_id)
    page = {"project": request.project, "power": _power(row), "n": row.n, "again": request.get_full_path()}
    return render(request, "verdicts/registering/_power.html", page)


@project_page(post=_MAKE)
def withdraw(request: ProjectRequest, registration_id: int) -> HttpResponse:
    """Takes a registration back; it stays to be seen."""
    row, form = _found(request, registration_id), WithdrawForm(request.POST)
    if form.is_valid():
        try:
            actions.withdraw(registration=row, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except BadInput as problem:
            form.add_error("reason", str(problem))
        else:
            return redirect("verdicts:registration", request.project.slug, row.pk)
    return render(request, "verdicts/registering/registration.html", _shown(request, row, form), status=422)


def _shown(request: ProjectRequest, row: Registration, form: WithdrawForm) -> dict[str, Any]:
    own = run_of(row)
    return _page(request) | {
        "registration": row,
        "said": _said(row),
        "settings": sorted(row.settings.items()),
        "state": queries.state_of(row),
        "withdrawal": getattr(row, "withdrawal", None),
        "late": _late(row, own),
        "power": _power(row),
        "n": row.n,
        "again": reverse("verdicts:registration_power", args=[row.project.slug, row.pk]),
        "own": own,
        "own_title": title_of(own) if own else "",
        "compare": _comparison(row, own) if own else "",
        "seen": row.seen,
        "form": form,
        "api": api_call(
            request, "verdicts:api_registration", slug=request.project.slug, registration_id=row.pk
        ),
    }  # fmt: skip


def _said(row: Registration) -> list[tuple[str, Any]]:
    return [
        (_("Baseline"), f"{row.baseline_title} · {row.baseline_id}"),
        (_("Data"), f"{row.data_name} · {row.data_hash[:16]}"),
        (_("Direction"), DIRECTIONS.get(row.direction, row.direction)),
        (_("Queries"), queries.part_in_words(row)),
        (_("Metric"), row.metric.capitalize()),
        (_("Number of queries"), row.n),
        (_("Expected to break"), f"{100 * row.broken_share:g} %"),
        (_("Method of the new run"), row.method),
    ]


def _late(row: Registration, own: Run | None) -> bool:
    """Whether it was taken back once the run it is about had answered."""
    withdrawal = getattr(row, "withdrawal", None)
    return bool(withdrawal and own and own.finished_at and own.finished_at <= withdrawal.withdrawn_at)


def _comparison(row: Registration, own: Run) -> str:
    chosen = f"&set={row.analysis_set_id}&slice={row.category}" if row.analysis_set_id else ""
    where = reverse("verdicts:compare", args=[row.project.slug])
    return f"{where}?runs={row.baseline_id},{own.pk}&direction={row.direction}{chosen}&registration={row.pk}"


def _power(row: Registration) -> Power:
    return power_of(row.project, effect=row.smallest_effect, broken=row.broken_share, n=row.n, now=timezone.now())


def _known(request: ProjectRequest, values: dict[str, Any]) -> int | None:
    """How many queries there are, where the boxes say which."""
    run = queries.baseline_of(request.project, values["baseline"] or 0)
    if run is None or not values["direction"]:
        return None
    try:
        return part_of(request.project, run, values["direction"], values["slice"] or "all", request.user).count
    except BadInput:
        return None


def _page(request: ProjectRequest) -> dict[str, Any]:
    request.section = "runs"  # type: ignore[attr-defined]  # what the bar on top marks
    return {"project": request.project, "may_register": role_may(request.role, _MAKE)}


def _found(request: ProjectRequest, number: int) -> Registration:
    row = queries.registration_of(request.project, number)
    if row is None:
        raise Http404(_("No such registration."))
    return row
