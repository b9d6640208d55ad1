"""Sessions in PostgreSQL, read with one prepared statement: every request reads one."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from webapp.statements import rows

_LIVE = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    """Django's own store in everything but how a session is read; its sessions are the same."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and the key forgotten, where there is none or it is over."""
        found = rows(_LIVE, [self.session_key, timezone.now()])
        if not found:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(found[0][0])
        return held
