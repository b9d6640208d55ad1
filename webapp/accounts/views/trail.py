"""The audit trail: of a project for its owners, of everything for administrators."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from webapp.accounts.doors import PersonRequest, ProjectRequest, administrator_page, project_page
from webapp.accounts.forms import TrailForm
from webapp.accounts.queries.trail import trail, verbs
from webapp.accounts.views.links import api_call


@project_page("audit.view")
def project_trail(request: ProjectRequest) -> HttpResponse:
    """What was done in a project."""
    page = _page(request, project_id=request.project.pk, slug=request.project.slug)
    return render(request, "accounts/trail.html", page | {"project": request.project})


@administrator_page()
def whole_trail(request: PersonRequest) -> HttpResponse:
    """What was done anywhere."""
    return render(request, "accounts/trail.html", _page(request, project_id=None, slug=""))


def _page(request: HttpRequest, *, project_id: int | None, slug: str) -> dict[str, Any]:
    form = TrailForm(request.GET, verbs=verbs(project_id=project_id))
    form.is_valid()
    asked = {key: value for key, value in form.cleaned_data.items() if value}
    found = trail(project_id=project_id, **asked)
    kept = {key: value for key, value in asked.items() if key != "before"}
    return {
        "form": form,
        "lines": found.lines,
        "older": "?" + urlencode(kept | {"before": found.older}) if found.older else "",
        "newest": "?" + urlencode(kept) if "before" in asked else "",
        "filtered": bool(kept),
        "api": _call(request, slug, urlencode(kept)),
    }


def _call(request: HttpRequest, slug: str, query: str) -> str:
    if slug:
        return api_call(request, "accounts:api_trail", query, slug=slug)
    return api_call(request, "accounts:api_whole_trail", query)
