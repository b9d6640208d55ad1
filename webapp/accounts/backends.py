"""Who a session belongs to, read with one prepared statement: every request asks."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.db import connection

from webapp.accounts.models import User
from webapp.statements import rows

_COLUMNS = [field.attname for field in User._meta.concrete_fields]
_PERSON = f"SELECT {', '.join(_COLUMNS)} FROM accounts_user WHERE id = %s"  # noqa: S608  the model's own columns


class PersonBackend(AuthenticationBackend):
    """allauth's way of signing in."""

    def get_user(self, user_id: int) -> User | None:
        """The person of a session; None for one who is gone or was locked out."""
        found = rows(_PERSON, [user_id])
        if not found:
            return None
        person: User = User.from_db(connection.alias, _COLUMNS, found[0])
        return person if self.user_can_authenticate(person) else None
