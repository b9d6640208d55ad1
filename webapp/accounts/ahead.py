"""What is read along with a session, in one way there and back: the person, what they are at the address asked for, and
what other apps have registered for addresses of theirs.

A process remembers whose each session was when it read it last. That says whom to read along; it opens nothing: the
session is read every time, and only where it is the very same do the rows count. Each is used once, at the beginning
of the request that read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from webapp.accounts.models import Membership, Project, User

Row = Sequence[Any]
PERSON = [field.attname for field in User._meta.concrete_fields]  # of a row that was read along, in this order
MEMBERSHIP = [field.attname for field in Membership._meta.concrete_fields]
PROJECT = [field.attname for field in Project._meta.concrete_fields]
_PROJECTS = "/p/"
_registered: list[tuple[re.Pattern[str], str]] = []


@dataclass(slots=True)
class Ahead:
    """What a request has read and not used yet: a row of PERSON, one of MEMBERSHIP and PROJECT, one of the statement
    that is registered for its address; its project's slug."""

    slug: str
    statement: str = ""
    named: Mapping[str, str] = field(default_factory=dict)  # parts of the address
    person: Row | None = None
    membership: Row | None = None
    more: Row | None = None


_current: ContextVar[Ahead | None] = ContextVar("ahead", default=None)


def register(address: str, statement: str) -> None:
    """Has a statement run along with the session wherever an address of a project begins so (a regular expression).

    It is given `%(person)s`, `%(slug)s` and the expression's named groups, and returns a row or none. Whoever takes the
    row holds it against person, project and address: it was read before any door was passed.
    """
    _registered.append((re.compile(address), statement))


@contextmanager
def reading(path: str) -> Iterator[None]:
    """For the time of a request to `path`."""
    ahead = Ahead("")
    if path.startswith(_PROJECTS):
        ahead.slug = path[len(_PROJECTS) :].partition("/")[0]
        for address, statement in _registered:
            if match := address.match(path):
                ahead.statement, ahead.named = statement, match.groupdict()
    token = _current.set(ahead)
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


def take_more(statement: str) -> Row | None:
    """The row of a registered statement; None where it was not run, or found none."""
    ahead = _current.get()
    if ahead is None or ahead.more is None or ahead.statement != statement:
        return None
    row, ahead.more = ahead.more, None
    return row
