"""Reads about people, projects and roles; rows come back finished.

Memberships are read by every request, pictures included: their SQL is written out, for composing it each time took
longer than asking the database.
"""

from __future__ import annotations

from django.db import connection

from webapp.accounts.models import ApiToken, Membership, Project, User
from webapp.statements import rows

_OWN = [field.attname for field in Membership._meta.concrete_fields]
_PROJECTS = [field.attname for field in Project._meta.concrete_fields]
_HELD = (  # the names are those of the models' own columns
    f"SELECT {', '.join([f'held.{name}' for name in _OWN] + [f'project.{name}' for name in _PROJECTS])}"  # noqa: S608
    " FROM accounts_membership held JOIN accounts_project project ON project.id = held.project_id"
    " WHERE held.user_id = %s"
)


def membership_of(user: User, slug: str) -> Membership | None:
    """The person's membership in the project of this address, its project loaded; None where there is none."""
    found = _memberships(f"{_HELD} AND project.slug = %s", user.pk, slug)
    return found[0] if found else None


def memberships_of(user: User) -> list[Membership]:
    """All memberships of a person with their projects, by project name."""
    return _memberships(f"{_HELD} ORDER BY project.name, project.id", user.pk)


def _memberships(text: str, *values: int | str) -> list[Membership]:
    found = []
    for row in rows(text, values):
        membership = Membership.from_db(connection.alias, _OWN, row[: len(_OWN)])
        membership.project = Project.from_db(connection.alias, _PROJECTS, row[len(_OWN) :])
        found.append(membership)
    return found


def token_reaches(token: ApiToken | None, project_id: int) -> bool:
    """Whether a token (None: a session) may act in a project."""
    return token is None or token.project_id is None or token.project_id == project_id
