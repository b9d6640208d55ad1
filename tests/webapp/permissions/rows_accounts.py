"""The addresses of people, projects and administration, allauth's among them."""

from __future__ import annotations

from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.utils import timezone

from tests.webapp.permissions.rows import Row, nothing
from tests.webapp.permissions.table import ADMINISTRATOR, ANYWHERE, OPEN, PERSON, STAGE, UNBOUND
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.actions.invitations import invite


def build(world: World) -> None:
    """Invitations into both projects and to the installation; everybody has a second factor."""
    for user in {knocker.user for knocker in world.knockers if knocker.user}:
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)
    options: dict[str, Any] = {"email": "", "now": timezone.now()}
    ours, secret = invite(project=world.project, role="viewer", actor=world.owner, **options)
    world.things["invitation"], world.things["invitation_secret"] = ours, secret
    world.things["foreign_invitation"] = invite(project=world.foreign, role="viewer", actor=world.outsider, **options)[
        0
    ]
    world.things["account_invitation"] = invite(project=None, role="", actor=world.owner, **options)[0]


def with_member(world: World, knocker: Knocker) -> dict[str, Any]:
    """A member of our project."""
    return {"slug": world.project.slug, "person_id": world.member.pk}


def with_outsider(world: World, knocker: Knocker) -> dict[str, Any]:
    """Somebody who is in the foreign project only."""
    return {"slug": world.project.slug, "person_id": world.outsider.pk}


def with_invitation(world: World, knocker: Knocker) -> dict[str, Any]:
    """An invitation into our project."""
    return {"slug": world.project.slug, "invitation_id": world["invitation"].pk}


def with_foreign_invitation(world: World, knocker: Knocker) -> dict[str, Any]:
    """An invitation into the foreign project, under our project's address."""
    return {"slug": world.project.slug, "invitation_id": world["foreign_invitation"].pk}


def with_account_invitation(world: World, knocker: Knocker) -> dict[str, Any]:
    """An invitation to the installation, under our project's address."""
    return {"slug": world.project.slug, "invitation_id": world["account_invitation"].pk}


def own_token(world: World, knocker: Knocker) -> dict[str, Any]:
    """The knocker's own token."""
    user = knocker.user or world.owner
    return {"token_id": world.tokens[user.pk].pk}


def anothers_token(world: World, knocker: Knocker) -> dict[str, Any]:
    """A token of somebody else."""
    other = world.owner if knocker.user is None or knocker.user.pk != world.owner.pk else world.outsider
    return {"token_id": world.tokens[other.pk].pk}


def anybody(world: World, knocker: Knocker) -> dict[str, Any]:
    """Somebody's account."""
    return {"person_id": world.member.pk}


def nobody(world: World, knocker: Knocker) -> dict[str, Any]:
    """An account that does not exist."""
    return {"person_id": 2**40}


READ_PERSON, FORM_PERSON = {"GET": PERSON}, {"GET": PERSON, "POST": PERSON}
FORM_OPEN = {"GET": OPEN, "POST": OPEN}
POST_ADMINISTRATOR = {"POST": ADMINISTRATOR}

PAGES = [
    Row("health", {"GET": OPEN}, nothing),
    Row("accounts:home", READ_PERSON, nothing),
    Row("accounts:setup", FORM_OPEN, lambda world, knocker: {"secret": "made-up"}, tells=frozenset({404})),
    Row("accounts:invitation", FORM_OPEN, lambda world, knocker: {"secret": world["invitation_secret"]},
        (lambda world, knocker: {"secret": "made-up"},)),
    Row("accounts:project_new", dict.fromkeys(("GET", "POST"), ANYWHERE + "project.create"), nothing),
    Row("accounts:project", {"GET": "project.view"}),
    Row("accounts:project_settings", {"GET": "project.manage", "POST": "project.manage"}),
    Row("accounts:people", {"GET": "people.view", "POST": "people.manage"}, data={"role": "viewer"}),
    Row("accounts:member_role", {"POST": "people.manage"}, with_member, (with_outsider,), {"role": "annotator"}),
    Row("accounts:member_remove", {"POST": "people.manage"}, with_member, (with_outsider,)),
    Row("accounts:invitation_revoke", {"POST": "people.manage"}, with_invitation,
        (with_foreign_invitation, with_account_invitation)),
    Row("accounts:trail", {"GET": "audit.view"}),
    Row("accounts:profile", FORM_PERSON, nothing),
    Row("accounts:tokens", FORM_PERSON, nothing, data={"name": "mine"}),
    Row("accounts:token_revoke", {"POST": PERSON}, own_token, (anothers_token,)),
    Row("accounts:administration", {"GET": ADMINISTRATOR}, nothing),
    Row("accounts:administration_people", {"GET": ADMINISTRATOR, "POST": ADMINISTRATOR}, nothing),
    Row("accounts:administration_person", {"GET": ADMINISTRATOR, "POST": ADMINISTRATOR}, anybody, (nobody,)),
    Row("accounts:person_deactivate", POST_ADMINISTRATOR, anybody, (nobody,)),
    Row("accounts:person_reactivate", POST_ADMINISTRATOR, anybody, (nobody,)),
    Row("accounts:person_promote", POST_ADMINISTRATOR, anybody, (nobody,)),
    Row("accounts:person_demote", POST_ADMINISTRATOR, anybody, (nobody,)),
    Row("accounts:person_second_factor", POST_ADMINISTRATOR, anybody, (nobody,)),
    Row("accounts:account_invitation_revoke", POST_ADMINISTRATOR,
        lambda world, knocker: {"invitation_id": world["account_invitation"].pk},
        (lambda world, knocker: {"invitation_id": world["invitation"].pk},)),
    Row("accounts:administration_projects", {"GET": ADMINISTRATOR}, nothing),
    Row("accounts:project_add_owner", POST_ADMINISTRATOR, lambda world, knocker: {"project_id": world.project.pk},
        (lambda world, knocker: {"project_id": 2**40},), {"username": "member"}),
    Row("accounts:administration_trail", {"GET": ADMINISTRATOR}, nothing),
]  # fmt: skip

API = [
    Row("accounts:api_root", READ_PERSON, nothing),
    Row("accounts:api_schema", READ_PERSON, nothing),
    Row("accounts:api_me", {"GET": PERSON, "PATCH": UNBOUND}, nothing, data={"language": "en"}),
    Row("accounts:api_tokens", {"GET": UNBOUND}, nothing),
    Row("accounts:api_token", {"DELETE": UNBOUND}, own_token, (anothers_token,)),
    Row("accounts:api_second_factor", {"DELETE": ADMINISTRATOR}, anybody, (nobody,)),
    Row("accounts:api_all_projects", {"GET": ADMINISTRATOR}, nothing),
    Row("accounts:api_owners", POST_ADMINISTRATOR, lambda world, knocker: {"project_id": world.project.pk},
        (lambda world, knocker: {"project_id": 2**40},), {"username": "member"}),
    Row("accounts:api_projects", {"GET": PERSON, "POST": ANYWHERE + "project.create"}, nothing, data={"name": "New"}),
    Row("accounts:api_project", {"GET": "project.view", "PATCH": "project.manage"}, data={"name": "Renamed"}),
    Row("accounts:api_members", {"GET": "people.view"}),
    Row("accounts:api_member", {"GET": "people.view", "PATCH": "people.manage", "DELETE": "people.manage"}, with_member,
        (with_outsider,), {"role": "annotator"}),
    Row("accounts:api_invitations", {"GET": "people.manage", "POST": "people.manage"}, data={"role": "viewer"}),
    Row("accounts:api_invitation", {"DELETE": "people.manage"}, with_invitation,
        (with_foreign_invitation, with_account_invitation)),
    Row("accounts:api_trail", {"GET": "audit.view"}),
    Row("accounts:api_people", {"GET": ADMINISTRATOR}, nothing),
    Row("accounts:api_person", {"GET": ADMINISTRATOR, "PATCH": ADMINISTRATOR}, anybody, (nobody,),
        {"is_active": False}),
    Row("accounts:api_reset_link", POST_ADMINISTRATOR, anybody, (nobody,)),
    Row("accounts:api_account_invitations", {"GET": ADMINISTRATOR, "POST": ADMINISTRATOR}, nothing),
    Row("accounts:api_account_invitation", {"DELETE": ADMINISTRATOR},
        lambda world, knocker: {"invitation_id": world["account_invitation"].pk},
        (lambda world, knocker: {"invitation_id": world["invitation"].pk},)),
    Row("accounts:api_whole_trail", {"GET": ADMINISTRATOR}, nothing),
]  # fmt: skip

ALLAUTH = [
    Row("account_login", FORM_OPEN, nothing),
    Row("account_logout", FORM_OPEN, nothing),
    Row("account_inactive", {"GET": OPEN}, nothing),
    Row("account_signup", FORM_OPEN, nothing),
    Row("account_reauthenticate", FORM_PERSON, nothing),
    Row("account_change_password", FORM_PERSON, nothing),
    Row("account_set_password", FORM_PERSON, nothing),
    Row("account_reset_password", FORM_OPEN, nothing),
    Row("account_reset_password_done", {"GET": OPEN}, nothing),
    Row("account_reset_password_from_key", FORM_OPEN, lambda world, knocker: {"uidb36": "1", "key": "made-up"}),
    Row("account_reset_password_from_key_done", {"GET": OPEN}, nothing),
    Row("mfa_index", READ_PERSON, nothing),
    Row("mfa_authenticate", {"GET": STAGE, "POST": STAGE}, nothing),
    Row("mfa_reauthenticate", FORM_PERSON, nothing),
    Row("mfa_activate_totp", FORM_PERSON, nothing),
    Row("mfa_deactivate_totp", FORM_PERSON, nothing),
    Row("mfa_view_recovery_codes", READ_PERSON, nothing),
    Row("mfa_generate_recovery_codes", FORM_PERSON, nothing),
    Row("mfa_download_recovery_codes", READ_PERSON, nothing),
]

ROWS = [*PAGES, *API, *ALLAUTH]
