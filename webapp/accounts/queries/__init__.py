"""Reads about people, projects and roles; rows come back finished.

Memberships are read by every request, pictures included: their SQL is written out, for composing it each time took
longer than asking the database.
"""

from __future__ import annotations

from django.db import connection

from webapp.accounts.ahead import MEMBERSHIP, PROJECT, Row, take_membership
from webapp.accounts.models import ApiToken, Membership, Project, User
from webapp.statements import rows

_HELD = (  # the names are those of the models' own columns
    f"SELECT {', '.join([f'held.{name}' for name in MEMBERSHIP] + [f'project.{name}' for name in PROJECT])}"  # noqa: S608
    " FROM accounts_membership held JOIN accounts_project project ON project.id = held.project_id"
    " WHERE held.user_id = %s"
)


def membership_of(user: User, slug: str) -> Membership | None:
    """The person's membership in the project of this address, its project loaded; None where there is none."""
    row = take_membership(user.pk, slug)
    found = [row] if row is not None else rows(f"{_HELD} AND project.slug = %s", [user.pk, slug])
    return _membership(found[0]) if found else None


def memberships_of(user: User) -> list[Membership]:
    """All memberships of a person with their projects, by project name."""
    return [_membership(row) for row in rows(f"{_HELD} ORDER BY project.name, project.id", [user.pk])]


def _membership(row: Row) -> Membership:
    membership: Membership = Membership.from_db(connection.alias, MEMBERSHIP, row[: len(MEMBERSHIP)])
    membership.project = Project.from_db(connection.alias, PROJECT, row[len(MEMBERSHIP) :])
    return membership


def token_reaches(token: ApiToken | None, project_id: int) -> bool:
    """Whether a token (None: a session) may act in a project."""
    return token is None or token.project_id is None or token.project_id == project_id
