"""Makes people and projects for tests, through the same actions that the pages use where there is one."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from webapp.accounts.actions.projects import add_member, create_project
from webapp.accounts.models import Membership, Project, User

PASSWORD = "a long enough phrase"


def person(name: str, *, administrator: bool = False, password: str = "", language: str = "en") -> User:
    """An account `name` with the address name@example.org; without a password nobody signs in to it by form."""
    made = User(username=name, email=f"{name}@example.org", language=language, is_superuser=administrator)
    if password:
        made.set_password(password)
    else:
        made.set_unusable_password()
    made.save()
    return made


def project(name: str, owner: User) -> Project:
    """A project with its owner."""
    return create_project(name=name, owner=owner, actor=owner, now=timezone.now())


def member(of: Project, who: User, role: str) -> Membership:
    """Lets somebody in."""
    return add_member(project=of, person=who, role=role, actor=None, now=timezone.now())


def browser(who: User | None = None, *, csrf: bool = False) -> Client:
    """A client that is signed in as somebody (None: a stranger); with `csrf` it is checked as a real browser is."""
    client = Client(enforce_csrf_checks=csrf)
    if who:
        client.force_login(who)
    return client
