"""Pages of claims: the list, one on its way, one with how to check it, the file."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.views.links import api_call
from webapp.annotation.campaigns.found import closed_to
from webapp.annotation.models import Calculation
from webapp.experiments.views.runs import download as file_of
from webapp.verdicts.claims import actions, queries
from webapp.verdicts.comparing.found import look
from webapp.verdicts.models import Claim


@project_page("claim.view", post="claim.make")
def claims(request: ProjectRequest) -> HttpResponse:
    """Every claim of the project; POST asks for one of the comparison that the address names."""
    if request.method == "POST":
        looked = look(request.project, request.user, request.GET)
        try:
            row = actions.ask_for_claim(project=request.project, looked=looked, actor=request.user, now=timezone.now())
        except BadInput:  # the comparison's page says why
            return redirect(f"{reverse('verdicts:compare', args=[request.project.slug])}?{looked.asked.address()}")
        return redirect("verdicts:claiming", request.project.slug, row.pk)
    page = _page(request) | {
        "lines": queries.lines(request.project),
        "api": api_call(request, "verdicts:api_claims", slug=request.project.slug),
    }
    return render(request, "verdicts/claims/list.html", page)


@project_page("claim.view")
def claiming(request: ProjectRequest, wish_id: int) -> HttpResponse:
    """Waits for the worker; leads to the claim once it is there, says why where it cannot be."""
    row = queries.wish_of(request.project, wish_id)
    if row is None:
        raise Http404(_("No such claim."))
    if row.state == Calculation.State.READY:
        there = reverse("verdicts:claim", args=[request.project.slug, row.result["claim"]])
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": there})
        return redirect(there)
    back = f"{reverse('verdicts:compare', args=[request.project.slug])}?{row.request['query']}"
    part = "_claiming.html" if request.headers.get("HX-Request") else "claiming.html"
    return render(request, f"verdicts/claims/{part}", _page(request) | {"wish": row, "back": back})


@project_page("claim.view")
def claim(request: ProjectRequest, claim_id: int) -> HttpResponse:
    """What is in it, who made it, how anybody checks it."""
    row = _found(request, claim_id)
    page = _page(request) | {
        "claim": row,
        "line": queries.line(row),
        "name": file_name(row),
        "command": f"python -m ml_core claims.verify bundle={file_name(row)} out=checked",
        "back": f"{reverse('verdicts:compare', args=[request.project.slug])}?{row.query}",
        "may_make": role_may(request.role, "claim.make"),
        "may_delete": role_may(request.role, "claim.delete"),
        "owed": queries.owed(row, request.user),
        "api": api_call(request, "verdicts:api_claim", slug=request.project.slug, claim_id=row.pk),
    }
    return render(request, "verdicts/claims/claim.html", page)


@project_page("claim.make")
def claim_file(request: ProjectRequest, claim_id: int) -> HttpResponseBase:
    """The zip, streamed from the store; closed to who still owes the campaign answers whose labels are in it."""
    row = _found(request, claim_id)
    if row.analysis_set and (closed := closed_to(request, row.analysis_set.campaign)):
        return closed
    return file_of(row.key, file_name(row), row.byte_count)


@project_page(post="claim.delete")
def claim_delete(request: ProjectRequest, claim_id: int) -> HttpResponse:
    """Removes it with its file."""
    actions.delete_claim(claim=_found(request, claim_id), actor=request.user, now=timezone.now())
    return redirect("verdicts:claims", request.project.slug)


def file_name(row: Claim) -> str:
    """What a download is called."""
    return f"claim-{row.digest[:12]}.zip"


def _page(request: ProjectRequest) -> dict[str, Any]:
    request.section = "runs"  # type: ignore[attr-defined]  # what the bar on top marks
    return {"project": request.project}


def _found(request: ProjectRequest, number: int) -> Claim:
    row = queries.claim_of(request.project, number)
    if row is None:
        raise Http404(_("No such claim."))
    return row
