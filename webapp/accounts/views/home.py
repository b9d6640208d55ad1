"""The home page: what waits for me, and my projects."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from webapp.accounts import home as waiting
from webapp.accounts.capabilities import role_may
from webapp.accounts.doors import PersonRequest, signed_in
from webapp.accounts.models import Membership, User
from webapp.accounts.queries import memberships_of
from webapp.accounts.views.links import api_call


def may_create_projects(person: User, memberships: list[Membership]) -> bool:
    """Administrators, and whoever holds the capability in some project."""
    return person.is_superuser or any(role_may(membership.role, "project.create") for membership in memberships)


@signed_in()
def home(request: PersonRequest) -> HttpResponse:
    """What waits for a person in all their projects."""
    memberships = memberships_of(request.user)
    page = {
        "cards": waiting.cards(request.user, memberships),
        "memberships": memberships,
        "may_create": may_create_projects(request.user, memberships),
        "api": api_call(request, "accounts:api_projects"),
    }
    return render(request, "accounts/home.html", page)
