"""A project's own pages: its front, its settings, and the form that makes a new one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from webapp.accounts import home as waiting
from webapp.accounts.actions import projects
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import PersonRequest, ProjectRequest, project_page, signed_in
from webapp.accounts.forms import ProjectForm
from webapp.accounts.queries import memberships_of
from webapp.accounts.queries.people import members
from webapp.accounts.views.home import may_create_projects
from webapp.accounts.views.links import api_call


@signed_in(methods=("GET", "POST"))
def new(request: PersonRequest) -> HttpResponse:
    """Make a project; whoever makes it owns it."""
    if not may_create_projects(request.user, memberships_of(request.user)):
        raise PermissionDenied
    form = ProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = projects.create_project(
            owner=request.user, actor=request.user, now=timezone.now(), **form.cleaned_data
        )
        return redirect("accounts:project", slug=project.slug)
    page = {"form": form, "api": api_call(request, "accounts:api_projects")}
    return render(request, "accounts/project_new.html", page, status=422 if form.errors else 200)


@project_page("project.view")
def project(request: ProjectRequest) -> HttpResponse:
    """The front of a project: what it is about, what waits there, who is in it."""
    page = {
        "project": request.project,
        "role": request.membership.get_role_display(),
        "cards": waiting.cards(request.user, [request.membership]),
        "members": members(request.project) if role_may(request.role, "people.view") else [],
        "may_manage": role_may(request.role, "project.manage"),
        "api": _call(request),
    }
    return render(request, "accounts/project.html", page)


@project_page("project.manage", post="project.manage")
def settings(request: ProjectRequest) -> HttpResponse:
    """Rename and describe."""
    held = {"name": request.project.name, "description": request.project.description}
    form = ProjectForm(request.POST or None, initial=held)
    if request.method == "POST" and form.is_valid():
        projects.change_project(project=request.project, actor=request.user, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("accounts:project", slug=request.project.slug)
    page = {"project": request.project, "form": form, "api": _call(request)}
    return render(request, "accounts/project_settings.html", page, status=422 if form.errors else 200)


def _call(request: ProjectRequest) -> str:
    return api_call(request, "accounts:api_project", slug=request.project.slug)
