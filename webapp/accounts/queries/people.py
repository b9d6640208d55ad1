"""Reads about members, invitations, tokens and accounts."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from webapp.accounts.models import ApiToken, Invitation, Membership, Project, User
from webapp.accounts.secrets import digest, same


def members(project: Project) -> list[Membership]:
    """Everybody in a project, by name, each with their account."""
    return list(Membership.objects.select_related("user").filter(project=project).order_by("user__username"))


def member(project: Project, person_id: int) -> Membership | None:
    """One person's membership in a project; None where there is none."""
    found = Membership.objects.select_related("user", "project").filter(project=project, user_id=person_id)
    return found.first()


def open_invitations(project: Project | None, now: datetime) -> list[Invitation]:
    """Invitations that can still be used: into a project, or (None) to the installation alone; newest first."""
    waiting = _waiting(now).filter(project=project, administrator=False)
    return list(waiting.select_related("invited_by").order_by("-created_at", "-pk"))


def invitation_of(project: Project | None, invitation_id: int) -> Invitation | None:
    """One invitation of a project (None: of the installation), whatever became of it."""
    return Invitation.objects.filter(project=project, administrator=False, pk=invitation_id).first()


def invitation_by_secret(secret: str, *, setup: bool = False) -> Invitation | None:
    """The invitation that a link's secret opens, whatever became of it."""
    found = Invitation.objects.select_related("project", "invited_by").filter(
        token_hash=digest(secret), administrator=setup
    )
    invitation = found.first()
    return invitation if invitation and same(invitation.token_hash, secret) else None


def administrator_exists() -> bool:
    """Whether the installation has an administrator who can sign in."""
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def administrators() -> list[User]:
    """Administrators who can sign in, the first one first."""
    return list(User.objects.filter(is_superuser=True, is_active=True).order_by("pk"))


def has_account(email: str) -> bool:
    """Whether an account has this address."""
    return User.objects.filter(email=email.lower()).exists()


def tokens_of(person: User) -> list[ApiToken]:
    """A person's tokens that were not taken back, newest first, with their projects."""
    kept = ApiToken.objects.select_related("project").filter(user=person, revoked_at=None)
    return list(kept.order_by("-created_at", "-pk"))


def token_of(person: User, token_id: int) -> ApiToken | None:
    """One token of a person."""
    return ApiToken.objects.select_related("project").filter(user=person, pk=token_id).first()


def token_by_secret(secret: str, now: datetime) -> ApiToken | None:
    """The token that a secret opens, with its person: not taken back, not past its date, the account open."""
    found = ApiToken.objects.select_related("user", "project").filter(token_hash=digest(secret), revoked_at=None)
    token = found.first()
    if token is None or not same(token.token_hash, secret):
        return None
    if (token.expires_at and token.expires_at <= now) or not token.user.is_active:
        return None
    return token


def people() -> list[User]:
    """Every account of the installation by name, with `project_count` and `second_factor` (bool)."""
    return list(_counted().order_by("username"))


def person_counted(person_id: int) -> User | None:
    """One account, with the same."""
    return _counted().filter(pk=person_id).first()


def person(person_id: int) -> User | None:
    """One account."""
    return User.objects.filter(pk=person_id).first()


def active_person_named(username: str) -> User | None:
    """The open account of this name."""
    return User.objects.filter(username__iexact=username.strip(), is_active=True).first()


def project(project_id: int) -> Project | None:
    """One project, for administrators."""
    return Project.objects.filter(pk=project_id).first()


def has_second_factor(person: User) -> bool:
    """Whether an account asks for a code when signing in."""
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP).exists()


def projects_with_owners() -> list[Project]:
    """Every project by name, with `owners` (their names) and `member_count`."""
    rows: list[Project] = list(Project.objects.annotate(member_count=Count("memberships")).order_by("name", "pk"))
    names: dict[int, list[str]] = {}
    held = Membership.objects.filter(role="owner").order_by("user__username")
    for project_id, name in held.values_list("project_id", "user__username"):
        names.setdefault(project_id, []).append(name)
    for row in rows:
        row.owners = names.get(row.pk, [])  # type: ignore[attr-defined]
    return rows


def _waiting(now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(Q(accepted_at=None) & Q(revoked_at=None) & Q(expires_at__gt=now))


def _counted() -> QuerySet[User]:
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    return User.objects.annotate(project_count=Count("memberships"), second_factor=Exists(factor))
