"""Administrators' pages about people and projects, and the list of all administrators' pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.spec import BadInput
from webapp.accounts import administration
from webapp.accounts.actions import people as actions
from webapp.accounts.actions import record
from webapp.accounts.actions.invitations import invite, revoke_invitation
from webapp.accounts.actions.projects import add_member
from webapp.accounts.capabilities import OWNER
from webapp.accounts.doors import PersonRequest, administrator_page
from webapp.accounts.forms import InstallationInviteForm, OwnerForm
from webapp.accounts.models import User
from webapp.accounts.queries import memberships_of
from webapp.accounts.queries import people as queries
from webapp.accounts.views.links import InvitationLink, api_call, invitation_link, reset_link


@administrator_page()
def index(request: PersonRequest) -> HttpResponse:
    """All administrators' pages."""
    return render(request, "accounts/administration.html", {"entries": administration.entries()})


@never_cache
@administrator_page(methods=("GET", "POST"))
def people(request: PersonRequest) -> HttpResponse:
    """Everybody with an account; invitations that lead into no project yet."""
    now = timezone.now()
    form = InstallationInviteForm(request.POST or None)
    link: InvitationLink | None = None
    if request.method == "POST" and form.is_valid():
        invitation, secret = invite(
            project=None, role="", email=form.cleaned_data["email"], actor=request.user, now=now
        )
        link, form = invitation_link(request, invitation, secret), InstallationInviteForm()
    page = {
        "people": queries.people(),
        "invitations": queries.open_invitations(None, now),
        "form": form,
        "link": link,
        "api": api_call(request, "accounts:api_people"),
    }
    return render(request, "accounts/administration_people.html", page, status=422 if form.errors else 200)


@administrator_page(methods=("POST",))
def revoke(request: PersonRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation to the installation back."""
    invitation = queries.invitation_of(None, invitation_id)
    if invitation is None:
        raise Http404
    try:
        revoke_invitation(invitation=invitation, actor=request.user, now=timezone.now())
        messages.success(request, _("The link no longer works."))
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("accounts:administration_people")


@never_cache
@administrator_page(methods=("GET", "POST"))
def person(request: PersonRequest, person_id: int) -> HttpResponse:
    """One account. POST makes a link by which its person chooses a new password; it is shown in the answer, once."""
    shown = _person(person_id)
    link = ""
    if request.method == "POST" and shown.is_active:
        record(verb="person.reset_link_made", actor=request.user, target=shown.username, now=timezone.now())
        link = reset_link(request, shown)
    page = {
        "person": shown,
        "link": link,
        "second_factor": queries.has_second_factor(shown),
        "memberships": memberships_of(shown),
        "myself": shown.pk == request.user.pk,
        "api": api_call(request, "accounts:api_person", person_id=shown.pk),
    }
    return render(request, "accounts/administration_person.html", page)


@administrator_page(methods=("POST",))
def deactivate(request: PersonRequest, person_id: int) -> HttpResponse:
    """Shut an account."""
    return _done(request, person_id, actions.deactivate, "The account of {} is shut.")


@administrator_page(methods=("POST",))
def reactivate(request: PersonRequest, person_id: int) -> HttpResponse:
    """Open an account again."""
    return _done(request, person_id, actions.reactivate, "The account of {} is open again.")


@administrator_page(methods=("POST",))
def promote(request: PersonRequest, person_id: int) -> HttpResponse:
    """Let a person administer."""
    return _done(request, person_id, actions.set_administrator, "{} administers now.", administrator=True)


@administrator_page(methods=("POST",))
def demote(request: PersonRequest, person_id: int) -> HttpResponse:
    """Let a person administer no longer."""
    return _done(request, person_id, actions.set_administrator, "{} administers no longer.", administrator=False)


@administrator_page(methods=("POST",))
def clear_second_factor(request: PersonRequest, person_id: int) -> HttpResponse:
    """Take a lost second factor off."""
    return _done(request, person_id, actions.clear_second_factor, "{} signs in with the password alone.")


@administrator_page()
def projects(request: PersonRequest) -> HttpResponse:
    """Every project and its owners, by name only: what is in them is for their members."""
    page = {"projects": queries.projects_with_owners(), "api": api_call(request, "accounts:api_all_projects")}
    return render(request, "accounts/administration_projects.html", page)


@administrator_page(methods=("POST",))
def add_owner(request: PersonRequest, project_id: int) -> HttpResponse:
    """Give a project that has lost its owner a new one."""
    project = queries.project(project_id)
    if project is None:
        raise Http404
    form = OwnerForm(request.POST)
    owner = queries.active_person_named(form.cleaned_data["username"]) if form.is_valid() else None
    if owner is None:
        messages.error(request, _("No account has this name. Nothing was changed."))
        return redirect("accounts:administration_projects")
    try:
        add_member(project=project, person=owner, role=OWNER, actor=request.user, now=timezone.now())
        messages.success(request, f"{owner.username} owns {project.name} now.")
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("accounts:administration_projects")


def _person(person_id: int) -> User:
    found = queries.person(person_id)
    if found is None:
        raise Http404
    return found


def _done(
    request: PersonRequest, person_id: int, action: Callable[..., None], said: str, **settings: Any
) -> HttpResponse:
    shown = _person(person_id)
    try:
        action(person=shown, actor=request.user, now=timezone.now(), **settings)
        messages.success(request, said.format(shown.username))
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("accounts:administration_person", person_id=person_id)
