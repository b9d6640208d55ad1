"""How allauth behaves here: closed to strangers, told to the audit trail, second factors encrypted at rest."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from webapp.accounts.actions import record
from webapp.accounts.models import User
from webapp.accounts.outgoing import send_later

NOTED = {
    "account/email/password_changed": "person.password_changed",
    "account/email/password_reset": "person.password_reset",
    "mfa/email/totp_activated": "person.second_factor_added",
    "mfa/email/totp_deactivated": "person.second_factor_removed",
    "mfa/email/recovery_codes_generated": "person.recovery_codes_made",
}


class AccountAdapter(DefaultAccountAdapter):
    """Signing in and out, passwords."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come in by invitation."""
        return False

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Noted in the trail."""
        record(verb="person.signed_in", actor=cast(User, user), target=user.get_username(), now=timezone.now())
        return super().post_login(request, user, **kwargs)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Noted in the trail where the account exists; what else was typed might be a password and is not kept."""
        tried = str(credentials.get("username") or credentials.get("email") or "")
        person = User.objects.filter(Q(username__iexact=tried) | Q(email__iexact=tried)).first()
        record(verb="person.sign_in_failed", actor=None, target=person.username if person else "", now=timezone.now())

    def send_notification_mail(self, template_prefix: str, user: AbstractBaseUser, *args: Any, **kwargs: Any) -> None:
        """What allauth would tell people by mail stands in the trail, and goes out where there is a mail server."""
        if verb := NOTED.get(template_prefix):
            record(verb=verb, actor=cast(User, user), target=user.get_username(), now=timezone.now())
        if settings.NEARMISS_HAS_MAIL:
            super().send_notification_mail(template_prefix, user, *args, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing where there is no mail server; the pages then say whom to ask."""
        if settings.NEARMISS_HAS_MAIL:
            site = SimpleNamespace(name="Nearmiss", domain=self.request.get_host())
            told = {"request": self.request, "email": email, "current_site": site} | context
            send_later(self.render_mail(template_prefix, email, told))


class MfaAdapter(DefaultMFAAdapter):
    """Second factors: a copy of the database alone does not give them away."""

    def encrypt(self, text: str) -> str:
        """Sealed with a key that is derived from SECRET_KEY."""
        return _seal(settings.SECRET_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Opened again; InvalidToken where SECRET_KEY has changed (an administrator then clears the second factor)."""
        return _seal(settings.SECRET_KEY).decrypt(encrypted_text.encode()).decode()


def _seal(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"nearmiss second factor").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
