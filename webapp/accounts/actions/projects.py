"""Projects and who belongs to them. A project always keeps an owner."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.capabilities import OWNER, ROLES
from webapp.accounts.models import Invitation, Membership, Project, User


@transaction.atomic
def create_project(
    *, name: str, owner: User | None, actor: User | None, now: datetime, description: str = "", demo: bool = False
) -> Project:
    """Make a project and its first owner. A demo may wait for one: the first administrator becomes its owner."""
    name = _cleaned(name)
    project = _create(name, description, demo, now)
    record(verb="project.created", actor=actor, project=project, target=name, now=now)
    if owner:
        add_member(project=project, person=owner, role=OWNER, actor=actor, now=now)
    return project


@transaction.atomic
def change_project(*, project: Project, name: str, description: str, actor: User, now: datetime) -> Project:
    """Give a project another name or description; its address stays."""
    before = project.name
    project.name, project.description = _cleaned(name), description.strip()
    project.save(update_fields=["name", "description"])
    told = {"before": before}
    record(verb="project.changed", actor=actor, project=project, target=project.name, details=told, now=now)
    return project


@transaction.atomic
def add_member(*, project: Project, person: User, role: str, actor: User | None, now: datetime) -> Membership:
    """Let a person in. BadInput where they are in already."""
    _known(role)
    Project.objects.select_for_update().get(pk=project.pk)
    if Membership.objects.filter(project=project, user=person).exists():
        raise BadInput(
            _("%(name)s is in this project already. Change the role in the list of people instead.")
            % {"name": person.username}
        )
    membership = Membership.objects.create(project=project, user=person, role=role, created_at=now)
    record(verb="member.added", actor=actor, project=project, target=person.username, details={"role": role}, now=now)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str, actor: User, now: datetime) -> Membership:
    """Give a member another role. BadInput where this would leave the project without an owner."""
    _known(role)
    current = _locked(membership)
    if current.role == role:
        return current
    if role != OWNER:
        _keep_an_owner(current)
    before, current.role = current.role, role
    current.save(update_fields=["role"])
    if before == OWNER:
        _end_invitations(current, now)
    record(
        verb="member.role_changed",
        actor=actor,
        project=current.project,
        target=current.user.username,
        details={"before": before, "role": role},
        now=now,
    )
    return current


@transaction.atomic
def remove_member(*, membership: Membership, actor: User, now: datetime) -> None:
    """Take a member out. What they did stays. BadInput where this would leave the project without an owner."""
    current = _locked(membership)
    _keep_an_owner(current)
    project, person, role = current.project, current.user, current.role
    _end_invitations(current, now)
    current.delete()
    record(verb="member.removed", actor=actor, project=project, target=person.username, details={"role": role}, now=now)


def _locked(membership: Membership) -> Membership:
    """The membership as it is now; the project's row is locked, so that two owners cannot remove each other at once."""
    Project.objects.select_for_update().get(pk=membership.project_id)
    current = Membership.objects.select_related("project", "user").filter(pk=membership.pk).first()
    if current is None:
        raise BadInput(_("This person is no longer in the project."))
    return current


def _keep_an_owner(leaving: Membership) -> None:
    if leaving.role != OWNER:
        return
    others = Membership.objects.filter(project_id=leaving.project_id, role=OWNER, user__is_active=True)
    if not others.exclude(pk=leaving.pk).exists():
        raise BadInput(_("A project needs an owner. Make somebody else an owner first."), field="role")


def _end_invitations(leaving: Membership, now: datetime) -> None:
    """Links that somebody made who may no longer let people in stop working."""
    made = Invitation.objects.filter(project_id=leaving.project_id, invited_by_id=leaving.user_id)
    made.filter(accepted_at=None, revoked_at=None).update(revoked_at=now)


def _known(role: str) -> None:
    if role not in ROLES:
        raise BadInput(f"There is no role {role!r}. Roles are {', '.join(ROLES)}.", field="role")


def _cleaned(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise BadInput(_("A project needs a name of at most 120 characters."), field="name")
    return name


def _create(name: str, description: str, demo: bool, now: datetime) -> Project:
    """The row under the first free address made from its name: name, name-2, name-3, …"""
    stem = slugify(name)[:40].strip("-") or "project"
    for number in range(1, 1000):
        slug = stem if number == 1 else f"{stem}-{number}"
        if Project.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                return Project.objects.create(
                    slug=slug, name=name, description=description.strip(), demo=demo, created_at=now
                )
        except IntegrityError:  # somebody else took it in this moment
            continue
    raise BadInput(_("Too many projects have this name. Choose another."), field="name")
