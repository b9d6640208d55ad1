"""People of the installation: their accounts, who administers, who is out."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import Invitation, User


@transaction.atomic
def create_person(
    *, username: str, email: str, password: str, language: str, now: datetime, administrator: bool = False
) -> User:
    """Make an account. The caller has checked the password; BadInput where the name or the address is taken."""
    try:
        with transaction.atomic():
            person = User(
                username=username.strip(),
                email=email.strip().lower(),
                language=language,
                date_joined=now,
                is_superuser=administrator,
            )
            person.set_password(password)
            person.save()
    except IntegrityError:
        raise BadInput(
            _("This name or address is taken. Sign in if the account is yours, or choose another.")
        ) from None
    _keep_address(person)
    told = {"administrator": administrator}
    record(verb="person.joined", actor=person, target=person.username, details=told, now=now)
    return person


@transaction.atomic
def change_profile(*, person: User, username: str, email: str, language: str, now: datetime) -> User:
    """Change what a person says about themselves. The caller has asked for the password where it is needed."""
    before = {"username": person.username, "email": person.email, "language": person.language}
    person.username, person.email, person.language = username.strip(), email.strip().lower(), language
    after = {"username": person.username, "email": person.email, "language": person.language}
    changed = sorted(field for field in after if after[field] != before[field])
    if not changed:
        return person
    try:
        with transaction.atomic():
            person.save(update_fields=["username", "email", "language"])
    except IntegrityError:
        raise BadInput(_("This name or address is taken. Choose another.")) from None
    _keep_address(person)
    record(verb="person.changed", actor=person, target=person.username, details={"changed": changed}, now=now)
    return person


@transaction.atomic
def deactivate(*, person: User, actor: User, now: datetime) -> None:
    """Shut an account: its sessions, tokens and open invitations stop at once, what it did stays.

    BadInput for one's own account and for the last administrator's.
    """
    if person.pk == actor.pk:
        raise BadInput(_("You cannot deactivate your own account. Ask another administrator."))
    current = _locked(person)
    if current.is_superuser:
        _keep_an_administrator(current)
    current.is_active = False
    current.save(update_fields=["is_active"])
    Invitation.objects.filter(invited_by=current, accepted_at=None, revoked_at=None).update(revoked_at=now)
    record(verb="person.deactivated", actor=actor, target=current.username, now=now)


@transaction.atomic
def reactivate(*, person: User, actor: User, now: datetime) -> None:
    """Open an account again."""
    current = _locked(person)
    current.is_active = True
    current.save(update_fields=["is_active"])
    record(verb="person.reactivated", actor=actor, target=current.username, now=now)


@transaction.atomic
def set_administrator(*, person: User, administrator: bool, actor: User, now: datetime) -> None:
    """Let a person administer, or no longer. BadInput where nobody would be left."""
    current = _locked(person)
    if current.is_superuser == administrator:
        return
    if not administrator:
        _keep_an_administrator(current)
    current.is_superuser = administrator
    current.save(update_fields=["is_superuser"])
    verb = "administrator.added" if administrator else "administrator.removed"
    record(verb=verb, actor=actor, target=current.username, now=now)


@transaction.atomic
def clear_second_factor(*, person: User, actor: User, now: datetime) -> None:
    """Take the second factor off an account whose owner has lost it."""
    Authenticator.objects.filter(user=person).delete()
    record(verb="person.second_factor_cleared", actor=actor, target=person.username, now=now)


def _locked(person: User) -> User:
    """The person as they are now; all administrators are locked, so that two cannot remove each other at once."""
    list(User.objects.select_for_update().filter(is_superuser=True).order_by("pk").values_list("pk", flat=True))
    return User.objects.select_for_update().get(pk=person.pk)


def _keep_an_administrator(leaving: User) -> None:
    if not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=leaving.pk).exists():
        raise BadInput(_("The installation needs an administrator. Make somebody else one first."))


def _keep_address(person: User) -> None:
    """The address as allauth knows it, for signing in and resets."""
    EmailAddress.objects.update_or_create(user=person, primary=True, defaults={"email": person.email, "verified": True})
