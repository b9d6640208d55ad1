"""Invitations: links that let one person in, once. The set-up link of a new installation is the first of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.actions.people import create_person
from webapp.accounts.actions.projects import add_member
from webapp.accounts.capabilities import OWNER, ROLES
from webapp.accounts.models import Invitation, Membership, Project, User
from webapp.accounts.secrets import digest, new_secret

LIFETIME = timedelta(days=14)
NO_LONGER = _("This link no longer works: it was used, taken back or is too old. Ask for a new one.")


@transaction.atomic
def invite(
    *, project: Project | None, role: str, email: str, actor: User, now: datetime, lifetime: timedelta = LIFETIME
) -> tuple[Invitation, str]:
    """Make an invitation, into a project with a role or (by administrators) to the installation alone.

    Returns it with its secret, which is kept nowhere. BadInput for a role that does not exist.
    """
    if project is not None and role not in ROLES:
        raise BadInput(f"There is no role {role!r}. Roles are {', '.join(ROLES)}.", field="role")
    secret = new_secret()
    invitation = Invitation.objects.create(
        token_hash=digest(secret),
        email=email.strip().lower(),
        project=project,
        role=role if project else "",
        invited_by=actor,
        created_at=now,
        expires_at=now + lifetime,
    )
    told = {"role": invitation.role, "invitation": invitation.pk}
    record(verb="invitation.made", actor=actor, project=project, target=invitation.email, details=told, now=now)
    return invitation, secret


@transaction.atomic
def revoke_invitation(*, invitation: Invitation, actor: User, now: datetime) -> None:
    """Take an invitation back. BadInput where somebody has come in by it."""
    current = Invitation.objects.select_for_update(of=("self",)).select_related("project").get(pk=invitation.pk)
    if current.accepted_at:
        raise BadInput(_("Somebody has come in by this link already. Remove the person instead."))
    if current.revoked_at:
        return
    current.revoked_at = now
    current.save(update_fields=["revoked_at"])
    told = {"invitation": current.pk}
    record(verb="invitation.revoked", actor=actor, project=current.project, target=current.email, details=told, now=now)


@transaction.atomic
def accept_as_member(*, secret: str, person: User, now: datetime) -> Invitation:
    """Bring a person who has an account into the project of an invitation."""
    invitation = _usable(secret, now)
    if invitation.email and invitation.email != person.email.lower():
        raise BadInput(_("This invitation is for another address. Sign in with that account, or ask for a new link."))
    return _accept(invitation, person, now)


@transaction.atomic
def accept_as_newcomer(
    *, secret: str, username: str, email: str, password: str, language: str, now: datetime
) -> tuple[Invitation, User]:
    """Make an account by an invitation; an address that stands in the invitation is the account's address."""
    invitation = _usable(secret, now)
    person = create_person(
        username=username, email=invitation.email or email, password=password, language=language, now=now
    )
    return _accept(invitation, person, now), person


@transaction.atomic
def make_setup_link(*, now: datetime, hours: int) -> str | None:
    """A fresh secret for the page that makes the first administrator; earlier ones end. None where one is there."""
    _open_setups()
    if _administrator_exists():
        return None
    Invitation.objects.filter(administrator=True, accepted_at=None, revoked_at=None).update(revoked_at=now)
    secret = new_secret()
    Invitation.objects.create(
        token_hash=digest(secret), administrator=True, created_at=now, expires_at=now + timedelta(hours=hours)
    )
    record(verb="setup.link_made", actor=None, now=now)
    return secret


@transaction.atomic
def set_up(*, secret: str, username: str, email: str, password: str, language: str, now: datetime) -> User:
    """Make the first administrator, who becomes an owner of the demo projects. BadInput where one is there already."""
    _open_setups()
    invitation = Invitation.objects.filter(token_hash=digest(secret), administrator=True).first()
    if invitation is None or _administrator_exists() or not is_open(invitation, now):
        raise BadInput(NO_LONGER)
    person = create_person(
        username=username, email=email, password=password, language=language, now=now, administrator=True
    )
    for project in Project.objects.filter(demo=True).order_by("pk"):
        add_member(project=project, person=person, role=OWNER, actor=person, now=now)
    _close(invitation, person, now)
    return person


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether an invitation can still be used."""
    return invitation.accepted_at is None and invitation.revoked_at is None and now < invitation.expires_at


def _open_setups() -> None:
    """Lock all set-up links, so that two of them cannot both make a first administrator."""
    list(Invitation.objects.select_for_update().filter(administrator=True).order_by("pk").values_list("pk", flat=True))


def _administrator_exists() -> bool:
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def _usable(secret: str, now: datetime) -> Invitation:
    """The open invitation of a secret, locked. BadInput where there is none."""
    found = Invitation.objects.select_for_update(of=("self",)).select_related("project")
    invitation = found.filter(token_hash=digest(secret), administrator=False).first()
    if invitation is None or not is_open(invitation, now):
        raise BadInput(NO_LONGER)
    return invitation


def _accept(invitation: Invitation, person: User, now: datetime) -> Invitation:
    if invitation.project and not Membership.objects.filter(project=invitation.project, user=person).exists():
        add_member(project=invitation.project, person=person, role=invitation.role, actor=person, now=now)
    return _close(invitation, person, now)


def _close(invitation: Invitation, person: User, now: datetime) -> Invitation:
    invitation.accepted_at, invitation.accepted_by = now, person
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    told = {"invitation": invitation.pk}
    project, name = invitation.project, person.username
    record(verb="invitation.accepted", actor=person, project=project, target=name, details=told, now=now)
    return invitation
