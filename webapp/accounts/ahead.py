"""What is read along with a session, in its one statement: the person, and what they are at the address asked for.

A process remembers whose each session was when it read it last. That says whom to read along; it opens nothing: the
session is read every time, and only where it is the very same do the rows count. Each is used once, at the beginning
of the request that read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from webapp.accounts.models import Membership, Project, User

Row = Sequence[Any]
PERSON = [field.attname for field in User._meta.concrete_fields]  # of a row that was read along, in this order
MEMBERSHIP = [field.attname for field in Membership._meta.concrete_fields]
PROJECT = [field.attname for field in Project._meta.concrete_fields]
_PROJECTS = "/p/"


@dataclass(slots=True)
class Ahead:
    """What a request has read and not used yet: a row of PERSON, one of MEMBERSHIP and PROJECT; its project's slug."""

    slug: str
    person: Row | None = None
    membership: Row | None = None


_current: ContextVar[Ahead | None] = ContextVar("ahead", default=None)


@contextmanager
def reading(path: str) -> Iterator[None]:
    """For the time of a request to `path`."""
    slug = path[len(_PROJECTS) :].partition("/")[0] if path.startswith(_PROJECTS) else ""
    token = _current.set(Ahead(slug))
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Ahead | None:
    """This request's; None outside of requests."""
    return _current.get()


def take_person(user_id: int) -> Row | None:
    """The row of this person; None where it was not read."""
    ahead = _current.get()
    if ahead is None or ahead.person is None:
        return None
    row, ahead.person = ahead.person, None
    return row if row[PERSON.index("id")] == user_id else None


def take_membership(user_id: int, slug: str) -> Row | None:
    """The row of this person's membership in the project with this address; None where it was not read."""
    ahead = _current.get()
    if ahead is None or ahead.membership is None or ahead.slug != slug:
        return None
    row, ahead.membership = ahead.membership, None
    return row if row[MEMBERSHIP.index("user_id")] == user_id else None
