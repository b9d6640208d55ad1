"""Sessions in PostgreSQL, read with one prepared statement: every request reads one, and with it whose it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from webapp.accounts.ahead import MEMBERSHIP, PERSON, PROJECT, Ahead, current
from webapp.statements import rows, together

_LIVE = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"
_COLUMNS = (  # the names are those of the models' own columns
    [f"person.{name}" for name in PERSON]
    + [f"held.{name}" for name in MEMBERSHIP]
    + [f"project.{name}" for name in PROJECT]
)
_WITH_PERSON = (
    f"SELECT session.session_data, {', '.join(_COLUMNS)} FROM django_session session"  # noqa: S608
    " LEFT JOIN accounts_user person ON person.id = %(person)s"
    " LEFT JOIN (accounts_membership held JOIN accounts_project project ON project.id = held.project_id)"
    " ON held.user_id = person.id AND project.slug = %(slug)s"
    " WHERE session.session_key = %(key)s AND session.expire_date > %(now)s"
)
_HELD = 1 + len(PERSON)  # where a membership begins in a row


@dataclass(frozen=True, slots=True)
class _Known:
    """A session as this process read it last: its text, what that says (JSON), and whose it is."""

    text: str = ""
    said: str = "{}"
    person: int = 0


@lru_cache(maxsize=2048)
def _known(session_key: str) -> list[_Known]:
    return [_Known()]


class SessionStore(db.SessionStore):
    """Django's own store in everything but how a session is read; its sessions are the same."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and the key forgotten, where there is none or it is over."""
        remembered, ahead = _known(str(self.session_key)), current()
        [known] = remembered
        found, more = _read(str(self.session_key), known, ahead, timezone.now())
        if not found:
            self._session_key = None
            return {}
        if found[0] != known.text:
            held: dict[str, Any]
            remembered[0], held = self._learnt(found[0])
            return held
        if ahead is not None and len(found) > 1:
            ahead.person = found[1:_HELD] if found[1] is not None else None
            ahead.membership = found[_HELD:] if found[_HELD] is not None else None
            ahead.more = more
        held = json.loads(known.said)
        return held

    def _learnt(self, text: str) -> tuple[_Known, dict[str, Any]]:
        """What a session's text says; it was signed with the site's secret."""
        held: dict[str, Any] = self.decode(text)
        person = str(held.get(SESSION_KEY, ""))
        return _Known(text, json.dumps(held), int(person) if person.isdecimal() else 0), held


def _read(
    session_key: str, known: _Known, ahead: Ahead | None, now: datetime
) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """A session's row, () where it is not live, and what was read along for the address."""
    if ahead is None or not known.person:
        found, more = rows(_LIVE, [session_key, now]), []
    else:
        asked = (_WITH_PERSON, {"person": known.person, "slug": ahead.slug, "key": session_key, "now": now})
        if ahead.statement:
            named = {"person": known.person, "slug": ahead.slug, **ahead.named}
            found, more = together(asked, (ahead.statement, named), atomic=False)
        else:
            found, more = rows(*asked), []
    return found[0] if found else (), more[0] if more else None
