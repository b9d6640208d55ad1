"""Reads about people, projects and roles; rows come back finished."""

from __future__ import annotations

from webapp.accounts.models import ApiToken, Membership, User


def membership_of(user: User, slug: str) -> Membership | None:
    """The person's membership in the project of this address, its project loaded; None where there is none."""
    return Membership.objects.select_related("project").filter(user=user, project__slug=slug).first()


def memberships_of(user: User) -> list[Membership]:
    """All memberships of a person with their projects, by project name."""
    return list(Membership.objects.select_related("project").filter(user=user).order_by("project__name", "project_id"))


def token_reaches(token: ApiToken | None, project_id: int) -> bool:
    """Whether a token (None: a session) may act in a project."""
    return token is None or token.project_id is None or token.project_id == project_id
