"""Links that are shown: those that let somebody in (and the mail that carries them), and the API call of a page."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from smtplib import SMTPException

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from webapp.accounts.models import Invitation, User

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class InvitationLink:
    """A link to be copied, and whether a mail has taken it to its reader already."""

    url: str
    email: str
    mailed: bool
    mail_failed: bool = False


def invitation_link(request: HttpRequest, invitation: Invitation, secret: str) -> InvitationLink:
    """The link of a fresh invitation; mailed too where it has an address and there is a mail server."""
    url = request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))
    if not (invitation.email and settings.NEARMISS_HAS_MAIL):
        return InvitationLink(url, invitation.email, mailed=False)
    text = render_to_string("accounts/mail/invitation.txt", {"url": url, "invitation": invitation, "by": request.user})
    try:
        send_mail(_("An invitation to Nearmiss"), text, settings.DEFAULT_FROM_EMAIL, [invitation.email])
    except (SMTPException, OSError):
        log.exception("The mail of invitation %s could not be sent", invitation.pk)
        return InvitationLink(url, invitation.email, mailed=False, mail_failed=True)
    return InvitationLink(url, invitation.email, mailed=True)


def reset_link(request: HttpRequest, person: User) -> str:
    """A link by which a person chooses a new password: works once, until they sign in, for PASSWORD_RESET_TIMEOUT."""
    key = default_token_generator.make_token(person)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})
    return request.build_absolute_uri(path)


def api_call(request: HttpRequest, url_name: str, query: str = "", **kwargs: object) -> str:
    """The call by which a program gets what a page shows."""
    address = request.build_absolute_uri(reverse(url_name, kwargs=kwargs)) + (f"?{query}" if query else "")
    return f'curl -H "Authorization: Bearer $NEARMISS_TOKEN" "{address}"'
