"""API tokens: made, shown once, taken back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import ApiToken, Membership, Project, User
from webapp.accounts.secrets import digest, new_secret

PREFIX = "nearmiss_"
AT_MOST = 50
USED_EVERY_SECONDS = 60


@transaction.atomic
def create_token(
    *, person: User, name: str, project: Project | None, read_only: bool, expires_at: datetime | None, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token that acts with its person's rights. Returns it with its secret, which is kept nowhere."""
    name = " ".join(name.split())
    if not name or len(name) > 80:
        raise BadInput(_("A token needs a name of at most 80 characters."), field="name")
    if expires_at and expires_at <= now:
        raise BadInput(_("This date has passed. Choose a later one."), field="expires_at")
    if project and not Membership.objects.filter(project=project, user=person).exists():
        raise BadInput(_("You are not in this project."), field="project")
    User.objects.select_for_update().get(pk=person.pk)
    if ApiToken.objects.filter(user=person, revoked_at=None).count() >= AT_MOST:
        raise BadInput(_("You have %(n)d tokens. Take back one that is not in use first.") % {"n": AT_MOST})
    secret = new_secret(PREFIX)
    token = ApiToken.objects.create(
        user=person,
        project=project,
        name=name,
        prefix=secret[len(PREFIX) : len(PREFIX) + 6],
        token_hash=digest(secret),
        read_only=read_only,
        created_at=now,
        expires_at=expires_at,
    )
    record(verb="token.made", actor=person, project=project, target=name, details={"read_only": read_only}, now=now)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, actor: User, now: datetime) -> None:
    """Take a token back; it stops at once."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        record(verb="token.revoked", actor=actor, project=token.project, target=token.name, now=now)


def note_use(*, token: ApiToken, now: datetime) -> None:
    """Remember that a token was used, once a minute at most: a reading program should not write with every call."""
    if token.last_used_at is None or (now - token.last_used_at).total_seconds() >= USED_EVERY_SECONDS:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
