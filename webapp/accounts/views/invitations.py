"""Where links lead that let somebody in: invitations, and the set-up of a new installation."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from ml_core.spec import BadInput
from webapp.accounts.actions import invitations
from webapp.accounts.doors import open_page
from webapp.accounts.forms import NewcomerForm, told
from webapp.accounts.models import Invitation, User
from webapp.accounts.queries.people import administrator_exists, has_account, invitation_by_secret


@never_cache
@sensitive_post_parameters("password")
@open_page(methods=("GET", "POST"))
def setup(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the first administrator; open only while there is none."""
    now = timezone.now()
    invitation = invitation_by_secret(secret, setup=True)
    if invitation is None or administrator_exists() or not invitations.is_open(invitation, now):
        return _ended(request)
    form = NewcomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = invitations.set_up(secret=secret, now=now, **form.cleaned_data)
        except BadInput as problem:
            told(form, problem)
        else:
            _sign_in(request, person)
            messages.success(request, _("Nearmiss is set up. You administer it."))
            return redirect("accounts:home")
    return render(request, "accounts/setup.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters("password")
@open_page(methods=("GET", "POST"))
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Come in by an invitation: with the account one is signed in with, or with a new one."""
    now = timezone.now()
    found = invitation_by_secret(secret)
    if found is None or not invitations.is_open(found, now):
        return _ended(request)
    if request.user.is_authenticated:
        return _join(request, found, secret)
    if found.email and has_account(found.email):
        return render(request, "accounts/invitation_sign_in.html", {"invitation": found})
    form = NewcomerForm(request.POST or None, address=found.email)
    if request.method == "POST" and form.is_valid():
        try:
            accepted, person = invitations.accept_as_newcomer(secret=secret, now=now, **form.cleaned_data)
        except BadInput as problem:
            told(form, problem)
        else:
            _sign_in(request, person)
            return _inside(accepted)
    page = {"form": form, "invitation": found}
    return render(request, "accounts/invitation.html", page, status=422 if form.errors else 200)


def _join(request: HttpRequest, found: Invitation, secret: str) -> HttpResponse:
    """The page of somebody who is signed in: one button."""
    problem = ""
    if request.method == "POST":
        try:
            accepted = invitations.accept_as_member(secret=secret, person=cast(User, request.user), now=timezone.now())
        except BadInput as refused:
            problem = str(refused)
        else:
            return _inside(accepted)
    page = {"invitation": found, "problem": problem}
    return render(request, "accounts/invitation_join.html", page, status=422 if problem else 200)


def _inside(accepted: Invitation) -> HttpResponse:
    if accepted.project:
        return redirect("accounts:project", slug=accepted.project.slug)
    return redirect("accounts:home")


def _sign_in(request: HttpRequest, person: User) -> None:
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[-1])


def _ended(request: HttpRequest) -> HttpResponse:
    """One answer for links that never were, were used, taken back or are too old: nothing is told to who guesses."""
    return render(request, "accounts/link_ended.html", {"why": invitations.NO_LONGER}, status=404)
