"""Who a session belongs to, read along with it or with one prepared statement: every request asks."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.db import connection

from webapp.accounts.ahead import PERSON, take_person
from webapp.accounts.models import User
from webapp.statements import rows

_PERSON = f"SELECT {', '.join(PERSON)} FROM accounts_user WHERE id = %s"  # noqa: S608  the model's own columns


class PersonBackend(AuthenticationBackend):
    """allauth's way of signing in."""

    def get_user(self, user_id: int) -> User | None:
        """The person of a session; None for one who is gone or was locked out."""
        row = take_person(int(user_id)) or next(iter(rows(_PERSON, [user_id])), None)
        if row is None:
            return None
        person: User = User.from_db(connection.alias, PERSON, row)
        return person if self.user_can_authenticate(person) else None
