"""API tokens at the door: `Authorization: Bearer nearmiss_…`."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webapp.accounts.actions.tokens import note_use
from webapp.accounts.models import ApiToken, User
from webapp.accounts.origin import Origin, current_origin, set_origin
from webapp.accounts.queries.people import token_by_secret


class TokenAuthentication(BaseAuthentication):
    """Lets a program act with the rights of the token's person; `request.auth` is the token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The person and the token; None where no bearer token came; 401 for one that opens nothing."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = token_by_secret(secret.strip(), now)
        if token is None:
            raise AuthenticationFailed(
                "This token is unknown, expired or taken back. Make a new one on your account page."
            )
        note_use(token=token, now=now)
        set_origin(Origin(current_origin().address, token=token.name))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return "Bearer"
