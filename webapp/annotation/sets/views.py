"""Pages of analysis sets: freeze one, the list, one with its shares and cases, and their files."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.cells import safe_cell
from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.annotation.campaigns.found import campaign_or_404, closed_to
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import AnalysisItem, AnalysisSet, Calculation
from webapp.annotation.review import saying
from webapp.annotation.review.gathering import gathered
from webapp.annotation.sets import actions, plots, queries
from webapp.annotation.sets.forms import FreezeForm


@project_page("set.view")
def sets(request: ProjectRequest) -> HttpResponse:
    """Every set of the project."""
    page = {
        "project": request.project,
        "sets": queries.sets_of(request.project),
        "api": request.build_absolute_uri(reverse("annotation:api_sets", args=[request.project.slug])),
    }
    return render(request, "annotation/sets/list.html", page)


@project_page("set.freeze", post="set.freeze")
def freeze(request: ProjectRequest, campaign_id: int) -> HttpResponse:
    """What would be frozen now; POST asks a worker for it."""
    campaign = campaign_or_404(request.project, campaign_id)
    form = FreezeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = actions.ask_to_freeze(campaign=campaign, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except BadInput as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            return redirect("annotation:freezing", request.project.slug, row.pk)
    found = gathered(campaign)
    several = _several(found.answers)
    page = {
        "project": request.project,
        "campaign": campaign,
        "form": form,
        "samples": len(found.samples),
        "labelled": len(found.samples) - len(found.unlabelled),
        "unlabelled": found.unlabelled,
        "owed": own_open(campaign, request.user),
        "decided": len(found.decided),
        "gold": len(found.gold),
        "several": several,
        "sets": queries.sets_of(request.project, campaign),
    }
    return render(request, "annotation/sets/freeze.html", page, status=422 if form.errors else 200)


def _several(answers: Any) -> int:
    """How many samples have answers of two annotators or more."""
    counts: dict[str, int] = {}
    for answer in answers:
        counts[answer.idx] = counts.get(answer.idx, 0) + 1
    return sum(count >= 2 for count in counts.values())


@project_page("set.view")
def freezing(request: ProjectRequest, wish_id: int) -> HttpResponse:
    """Waits for the worker; leads to the set once it is there, back to the form with the reason where it cannot be."""
    row = queries.wish_of(request.project, wish_id)
    if row is None:
        raise Http404(_("No such set."))
    if row.state == Calculation.State.READY:
        there = reverse("annotation:set", args=[request.project.slug, row.result["set"]])
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": there})
        return redirect(there)
    campaign = campaign_or_404(request.project, row.request["campaign"])
    page = {"project": request.project, "campaign": campaign, "wish": row}
    part = "_freezing.html" if request.headers.get("HX-Request") else "freezing.html"
    return render(request, f"annotation/sets/{part}", page)


@project_page("set.view")
def analysis_set(request: ProjectRequest, set_id: int) -> HttpResponse:
    """One set: its shares with intervals, what they rest on, its cases."""
    found = _found(request, set_id)
    if closed := closed_to(request, found.campaign):
        return closed
    language = get_language() or "en"
    shares = queries.shares_in(found, language)
    filters = CaseFilters(request.GET, taxonomy=[(share.key, share.name) for share in shares])
    chosen = filters.chosen()
    page = {
        "project": request.project,
        "set": found,
        "campaign": found.campaign,
        "summary": found.summary,
        "shares": [(share, _improving(request, found, share)) for share in shares],
        "numbers": found.summary["shares"],
        "why": saying.in_words(found.summary["shares"].get("why_said"), found.summary["shares"]["why"]),
        "warnings": saying.lines(found.summary["shares"], queries.stratum_names(found)),
        "groups": queries.groups_in(found),
        "subtypes": queries.subtypes_in(found, language),
        "strata": queries.strata_in(found),
        "origins": _origins(found),
        "mix": plots.mix(shares),
        "items": queries.items_of(found, language=language, **chosen),
        "filters": filters,
        "query": request.GET,
        "may_report": role_may(request.role, "report.make"),
        "api": request.build_absolute_uri(reverse("annotation:api_set", args=[request.project.slug, found.pk])),
    }
    return render(request, "annotation/sets/set.html", page)


def _improving(request: ProjectRequest, found: AnalysisSet, share: queries.Share) -> str:
    """The form that tries a fix on one category's failures, filled in; empty for whom or where there is none."""
    material = queries.material_of(found) if share.subset and role_may(request.role, "run.launch") else {}
    if not material:
        return ""
    title = _("Improve %(category)s") % {"category": share.name}
    there = reverse("experiments:new", args=[request.project.slug, "retrieval.improve"])
    return f"{there}?{urlencode(material | {'subset': share.subset, 'title': title})}"


class CaseFilters(forms.Form):
    """What narrows the cases of a set; what makes no sense in an address is left out."""

    category = forms.ChoiceField(required=False)
    origin = forms.ChoiceField(required=False)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**62)

    def __init__(self, data: Any, *, taxonomy: list[tuple[str, str]]):
        super().__init__(data)
        self.fields["category"].choices = [("", _("Every category")), *taxonomy]  # type: ignore[attr-defined]
        origins = [("", _("However settled")), *AnalysisItem.Origin.choices]
        self.fields["origin"].choices = origins  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """The values that make sense."""
        self.is_valid()
        values = self.cleaned_data
        return {
            "category": values.get("category") or "",
            "origin": values.get("origin") or "",
            "after": values.get("after") or 0,
        }


@project_page("set.view")
def distribution(request: ProjectRequest, set_id: int) -> HttpResponse:
    """The shares as CSV: categories, ambiguous against clear, subtypes."""
    found = _found(request, set_id)
    if closed := closed_to(request, found.campaign):
        return closed
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["part", "name", "of", "value", "low", "high", "n", "note"])
    shares = found.summary["shares"]
    note = "corrected for label error" if shares["corrected"] else shares["why"]
    for part, of in (
        ("sample", "labelled samples"),
        ("all", "all failures"),
        ("uncorrected", "all failures, as labelled"),
    ):
        for key, est in shares[part].items():
            writer.writerow(["category", safe_cell(key), of, *_est(est), note if part == "all" else ""])
    for name, parts in shares.get("groups", {}).items():
        for part, of in (("sample", "labelled samples"), ("all", "all failures")):
            writer.writerow(["group", name, of, *_est(parts[part]), note if part == "all" else ""])
    for row in found.summary.get("subtypes", []):
        writer.writerow(["subtype", safe_cell(row["subtype"] or "(none)"), safe_cell(row["category"]), *_est(row), ""])
    return _csv(buffer, found, "distribution")


@project_page("set.view")
def items_csv(request: ProjectRequest, set_id: int) -> HttpResponse:
    """Every case of the set with its label as CSV."""
    found = _found(request, set_id)
    if closed := closed_to(request, found.campaign):
        return closed
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    columns = ("idx", "case_number", "group", "stratum", "category", "subtype", "origin", "posterior", "answer_count")
    writer.writerow(columns)
    rows = AnalysisItem.objects.filter(analysis_set=found).order_by("pk").values_list(*columns)
    for row in rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return _csv(buffer, found, "cases")


def _est(est: dict[str, Any]) -> list[Any]:
    return [est.get(name) for name in ("value", "low", "high", "n")]


def _csv(buffer: io.StringIO, found: AnalysisSet, ending: str) -> HttpResponse:
    response = HttpResponse(buffer.getvalue(), content_type="text/csv")
    name = f"{slugify(found.name) or f'set-{found.pk}'}-{ending}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _origins(found: AnalysisSet) -> list[tuple[str, int]]:
    names = dict(AnalysisItem.Origin.choices)
    return [(str(names[key]), count) for key, count in found.summary.get("origins", {}).items()]


def _found(request: ProjectRequest, set_id: int) -> AnalysisSet:
    found = queries.set_of(request.project, set_id)
    if found is None:
        raise Http404(_("No such set."))
    return found
