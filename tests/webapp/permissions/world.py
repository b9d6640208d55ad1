"""Who knocks in the permission test, and at what: one of every kind, in our project and in a foreign one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from tests.webapp import people
from tests.webapp.permissions.table import OWNER, ROLES
from webapp.accounts.actions.tokens import create_token, revoke_token
from webapp.accounts.models import ApiToken, Project, User


@dataclass(frozen=True)
class Knocker:
    """Somebody at a door, with a session or a token. `role` is theirs in our project, `elsewhere` in the other."""

    name: str
    user: User | None = None
    role: str | None = None
    elsewhere: str | None = None
    administrator: bool = False
    token: str = ""
    read_only: bool = False
    bound: str = ""  # a token for one project only: "here" or "elsewhere"
    known: bool = True  # False: a stranger, or somebody whose session or token no longer counts
    client: Client = field(default_factory=Client, compare=False)


@dataclass
class World:
    """What the rows of the test may name. Each rows file puts its own objects into `things` in its `build(world)`."""

    project: Project
    foreign: Project
    owner: User
    outsider: User
    member: User
    tokens: dict[int, ApiToken]
    things: dict[str, Any] = field(default_factory=dict)
    knockers: list[Knocker] = field(default_factory=list)

    def __getitem__(self, name: str) -> Any:
        return self.things[name]


def make_world(builders: list[Callable[[World], None]]) -> World:
    """Two projects, somebody in every role, an administrator in none, tokens good and bad."""
    owner, outsider = (
        people.person("owner", password=people.PASSWORD),
        people.person("outsider", password=people.PASSWORD),
    )
    project, foreign = people.project("Ours", owner), people.project("Foreign", outsider)
    by_role = {OWNER: owner}
    for role in ROLES[1:]:
        by_role[role] = people.person(role, password=people.PASSWORD)
        people.member(project, by_role[role], role)
    people.member(project, people.person("second-owner"), OWNER)  # so that the first may go
    people.member(foreign, owner, OWNER)  # so that a token may be bound elsewhere
    chief = people.person("chief", administrator=True, password=people.PASSWORD)
    people.person("second-chief", administrator=True)
    member = people.person("member")
    people.member(project, member, "viewer")
    world = World(project, foreign, owner, outsider, member, {})
    world.knockers = [
        Knocker("stranger", known=False),
        Knocker("outsider", outsider, elsewhere=OWNER),
        *(Knocker(role, user, role, OWNER if role == OWNER else None) for role, user in by_role.items()),
        Knocker("administrator", chief, administrator=True),
        *_token_bearers(world, chief),
        _shut(world),
    ]
    for knocker in world.knockers:
        _prepare(knocker, world)
    for build in builders:
        build(world)
    return world


def _token_bearers(world: World, chief: User) -> list[Knocker]:
    def token(user: User, **options: Any) -> str:
        settings = {"project": None, "read_only": False, "expires_at": None, "name": "test"} | options
        return create_token(person=user, now=timezone.now(), **settings)[1]

    owner = world.owner
    old, secret = create_token(
        person=owner, name="old", project=None, read_only=False, expires_at=None, now=timezone.now()
    )
    revoke_token(token=old, actor=owner, now=timezone.now())
    ended = token(owner, expires_at=timezone.now() + timedelta(days=1))
    ApiToken.objects.filter(user=owner, name="test").update(expires_at=timezone.now() - timedelta(days=1))
    here = {"role": OWNER, "elsewhere": OWNER}
    return [
        Knocker("token", owner, **here, token=token(owner)),
        Knocker("read-only token", owner, **here, token=token(owner, read_only=True), read_only=True),
        Knocker("token bound here", owner, **here, token=token(owner, project=world.project), bound="here"),
        Knocker("token bound elsewhere", owner, **here, token=token(owner, project=world.foreign), bound="elsewhere"),
        Knocker("administrator's token", chief, administrator=True, token=token(chief)),
        Knocker("token taken back", token=secret, known=False),
        Knocker("token past its date", token=ended, known=False),
        Knocker("token made up", token="nearmiss_" + "a" * 43, known=False),
    ]


def _shut(world: World) -> Knocker:
    """An owner whose account was shut while they were signed in."""
    user = people.person("shut", password=people.PASSWORD)
    people.member(world.project, user, OWNER)
    return Knocker("shut account", user, known=False)


def _prepare(knocker: Knocker, world: World) -> None:
    if knocker.token:
        knocker.client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {knocker.token}"
    elif knocker.user:
        knocker.client.force_login(knocker.user)
        given = {"project": None, "read_only": False, "expires_at": None, "now": timezone.now()}
        world.tokens[knocker.user.pk] = create_token(person=knocker.user, name="own", **given)[0]
    if knocker.name == "shut account":
        User.objects.filter(pk=knocker.user.pk).update(is_active=False)
