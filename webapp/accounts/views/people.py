"""Who is in a project: roles, invitations, removal."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from ml_core.spec import BadInput
from webapp.accounts.actions import projects
from webapp.accounts.actions.invitations import invite, revoke_invitation
from webapp.accounts.capabilities import ROLES, role_may
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.forms import InviteForm, RoleForm
from webapp.accounts.models import Membership
from webapp.accounts.queries.people import invitation_of, member, members, open_invitations
from webapp.accounts.views.links import InvitationLink, api_call, invitation_link


@never_cache
@project_page("people.view", post="people.manage")
def people(request: ProjectRequest) -> HttpResponse:
    """Everybody in a project; a new invitation's link is shown in the answer to its form, once."""
    now = timezone.now()
    form = InviteForm(request.POST or None)
    link: InvitationLink | None = None
    if request.method == "POST" and form.is_valid():
        invitation, secret = invite(project=request.project, actor=request.user, now=now, **form.cleaned_data)
        link, form = invitation_link(request, invitation, secret), InviteForm()
    may_manage = role_may(request.role, "people.manage")
    page = {
        "project": request.project,
        "members": members(request.project),
        "roles": ROLES,
        "invitations": open_invitations(request.project, now) if may_manage else [],
        "may_manage": may_manage,
        "form": form,
        "link": link,
        "api": api_call(request, "accounts:api_members", slug=request.project.slug),
    }
    return render(request, "accounts/people.html", page, status=422 if form.errors else 200)


@project_page(post="people.manage")
def change_role(request: ProjectRequest, person_id: int) -> HttpResponse:
    """Give a member another role."""
    membership = _member(request, person_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such role. Nothing was changed."))
        return redirect("accounts:people", slug=request.project.slug)
    try:
        changed = projects.change_role(
            membership=membership, role=form.cleaned_data["role"], actor=request.user, now=timezone.now()
        )
        messages.success(
            request,
            _("%(name)s is now %(role)s.")
            % {"name": changed.user.username, "role": changed.get_role_display().lower()},
        )
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("accounts:people", slug=request.project.slug)


@project_page(post="people.manage")
def remove(request: ProjectRequest, person_id: int) -> HttpResponse:
    """Take a member out."""
    membership = _member(request, person_id)
    try:
        projects.remove_member(membership=membership, actor=request.user, now=timezone.now())
    except BadInput as problem:
        messages.error(request, str(problem))
        return redirect("accounts:people", slug=request.project.slug)
    messages.success(request, _("%(name)s is no longer in this project.") % {"name": membership.user.username})
    gone = membership.user_id == request.user.pk
    return redirect("accounts:home") if gone else redirect("accounts:people", slug=request.project.slug)


@project_page(post="people.manage")
def revoke(request: ProjectRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = invitation_of(request.project, invitation_id)
    if invitation is None:
        raise Http404
    try:
        revoke_invitation(invitation=invitation, actor=request.user, now=timezone.now())
        messages.success(request, _("The link no longer works."))
    except BadInput as problem:
        messages.error(request, str(problem))
    return redirect("accounts:people", slug=request.project.slug)


def _member(request: ProjectRequest, person_id: int) -> Membership:
    membership = member(request.project, person_id)
    if membership is None:
        raise Http404
    return membership
