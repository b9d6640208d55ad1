"""API tokens: shown once, kept as hashes, never more than their person, and gone when they are taken back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import people
from webapp.accounts.actions.tokens import create_token, note_use, revoke_token
from webapp.accounts.models import ApiToken, AuditEvent, Membership, Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return people.person("owner", password=people.PASSWORD)


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Kitchen", owner)


def token(who: User, **options: Any) -> tuple[ApiToken, str]:
    given = {"name": "nightly", "project": None, "read_only": False, "expires_at": None, "now": timezone.now()}
    return create_token(person=who, **(given | options))


def program(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"}, enforce_csrf_checks=True)


def test_a_token_made_on_the_page_opens_the_api_and_is_shown_once(owner: User, project: Project):
    browser = people.browser(owner)
    answer = browser.post("/account/tokens/", {"name": "nightly", "project": "", "expires": "30"})
    found = re.search(r"nearmiss_[\w-]{43}", answer.content.decode())
    assert found and "no-store" in answer["Cache-Control"]
    assert program(found[0]).get("/api/v1/me/").json()["username"] == "owner"
    page = browser.get("/account/tokens/").content.decode()
    assert found[0] not in page and "nightly" in page
    kept = str(list(ApiToken.objects.values())) + str(list(AuditEvent.objects.values()))
    assert found[0] not in kept and found[0].removeprefix("nearmiss_") not in kept
    assert ApiToken.objects.get().expires_at is not None


def test_a_token_needs_no_csrf_but_a_session_does(owner: User, project: Project):
    path, given = f"/api/v1/projects/{project.slug}/", {"name": "Renamed"}
    _, secret = token(owner)
    assert program(secret).patch(path, given, content_type="application/json").status_code == 200
    answer = people.browser(owner, csrf=True).patch(path, given, content_type="application/json")
    assert answer.status_code == 403 and "CSRF" in answer.json()["detail"]


def test_a_read_only_token_reads(owner: User, project: Project):
    client = program(token(owner, read_only=True)[1])
    path = f"/api/v1/projects/{project.slug}/"
    assert client.get(path).status_code == 200
    answer = client.patch(path, {"name": "x"}, content_type="application/json")
    assert answer.status_code == 403 and answer.json()["detail"] == "This token is read-only."


def test_a_token_of_one_project_sees_no_other(owner: User, project: Project):
    other = people.project("Garden", owner)
    client = program(token(owner, project=project)[1])
    assert [row["slug"] for row in client.get("/api/v1/projects/").json()] == [project.slug]
    assert client.get(f"/api/v1/projects/{project.slug}/").status_code == 200
    assert client.get(f"/api/v1/projects/{other.slug}/").status_code == 404
    assert client.post("/api/v1/projects/", {"name": "x"}, content_type="application/json").status_code == 403


def test_a_token_loses_what_its_person_loses(owner: User, project: Project):
    dana = people.person("dana")
    membership = people.member(project, dana, "viewer")
    client = program(token(dana)[1])
    assert client.get(f"/api/v1/projects/{project.slug}/").json()["role"] == "viewer"
    membership.delete()
    assert client.get(f"/api/v1/projects/{project.slug}/").status_code == 404
    User.objects.filter(pk=dana.pk).update(is_active=False)
    assert client.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer nonsense", "Bearer nearmiss_" + "a" * 43, "bearer \0", "Bearer ✓" * 2000]
)
def test_a_token_that_opens_nothing_is_a_401_that_says_what_to_do(header: str):
    answer = Client().get("/api/v1/me/", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert "Make a new one" in answer.json()["detail"]


def test_a_token_ends_with_its_time_and_when_it_is_taken_back(owner: User):
    now = timezone.now()
    ended, first = token(owner, expires_at=now + timedelta(days=1))
    back, second = token(owner)
    ApiToken.objects.filter(pk=ended.pk).update(expires_at=now)
    people.browser(owner).post(f"/account/tokens/{back.pk}/revoke/")
    assert program(first).get("/api/v1/me/").status_code == program(second).get("/api/v1/me/").status_code == 401


def test_taking_back_twice_is_told_once(owner: User):
    kept, _ = token(owner)
    for _ in range(2):
        revoke_token(token=kept, actor=owner, now=timezone.now())
    assert AuditEvent.objects.filter(verb="token.revoked").count() == 1


def test_a_token_is_bound_only_to_a_project_its_person_is_in(owner: User, project: Project):
    dana = people.person("dana")
    with pytest.raises(BadInput, match="not in this project"):
        token(dana, project=project)
    given = {"name": "x", "project": str(project.pk), "expires": ""}
    assert people.browser(dana).post("/account/tokens/", given).status_code == 422


def test_a_token_goes_with_its_person_and_project(owner: User, project: Project):
    token(owner, project=project)
    Membership.objects.all().delete()
    project.delete()
    assert ApiToken.objects.count() == 0


def test_last_use_is_written_once_a_minute(owner: User, django_assert_num_queries):
    kept, now = token(owner)[0], timezone.now()
    note_use(token=kept, now=now)
    kept.refresh_from_db()
    with django_assert_num_queries(0):
        note_use(token=kept, now=now + timedelta(seconds=59))
    with django_assert_num_queries(1):
        note_use(token=kept, now=now + timedelta(seconds=60))


def test_the_trail_names_the_token_and_the_address(owner: User, project: Project):
    _, secret = token(owner)
    path = f"/api/v1/projects/{project.slug}/"
    program(secret).patch(path, {"name": "New"}, content_type="application/json", REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.latest("id")
    assert (event.verb, event.details["token"], event.address) == ("project.changed", "nightly", "192.0.2.7")
    people.browser(owner).post(f"/p/{project.slug}/settings/", {"name": "Newer"})
    assert "token" not in AuditEvent.objects.latest("id").details


def test_a_token_is_no_key_to_pages(owner: User):
    assert program(token(owner)[1]).get("/account/tokens/")["Location"].startswith("/account/login/")


@pytest.mark.parametrize(
    ("given", "said"),
    [({"name": ""}, "required"), ({"name": "x", "expires": "31"}, "valid choice"), ({"name": "x" * 81}, "at most 80")],
)
def test_a_wrong_form_is_told(given: dict[str, str], said: str, owner: User):
    answer = people.browser(owner).post("/account/tokens/", given)
    assert answer.status_code == 422 and said in answer.content.decode() and ApiToken.objects.count() == 0


def test_a_program_lists_the_tokens_of_its_person_and_takes_one_back(owner: User, project: Project):
    kept, secret = token(owner)
    other, lost = token(owner, name="lost", project=project)
    listed = program(secret).get("/api/v1/me/tokens/").json()
    assert {(one["name"], one["project"]) for one in listed} == {("nightly", None), ("lost", project.slug)}
    assert not any("secret" in name or "hash" in name for one in listed for name in one)
    assert program(lost).get("/api/v1/me/tokens/").status_code == 403, "it reaches its project alone"
    assert program(secret).delete(f"/api/v1/me/tokens/{other.pk}/").status_code == 204
    assert program(lost).get(f"/api/v1/projects/{project.slug}/").status_code == 401
    assert [one["id"] for one in program(secret).get("/api/v1/me/tokens/").json()] == [kept.pk]


def test_a_program_changes_a_profile_and_a_name_wants_the_password(owner: User):
    web = program(token(owner)[1])

    def change(**given: str) -> Any:
        return web.patch("/api/v1/me/", given, content_type="application/json")

    assert change(language="zh-hans").json()["language"] == "zh-hans"
    for given in ({"username": "boss"}, {"username": "boss", "password": "wrong"}):
        assert [one["field"] for one in change(**given).json()["errors"]] == ["password"]
    assert change(language="xx").status_code == 400 and change(colour="red").status_code == 400
    changed = change(username="boss", password=people.PASSWORD)
    assert (changed.status_code, changed.json()["username"]) == (200, "boss")
    assert User.objects.get(pk=owner.pk).language == "zh-hans"


def test_an_administrator_looks_after_projects_and_second_factors_by_program(owner: User, project: Project):
    TOTP.activate(owner, generate_totp_secret())
    web = program(token(people.person("root", administrator=True))[1])
    (shown,) = web.get("/api/v1/administration/projects/").json()
    assert (shown["slug"], shown["owners"], shown["member_count"]) == (project.slug, ["owner"], 1)
    people.person("ada")
    owners = f"/api/v1/administration/projects/{project.pk}/owners/"
    made = web.post(owners, {"username": "ada"}, content_type="application/json")
    assert (made.status_code, made.json()["role"]) == (201, "owner")
    nobody = web.post(owners, {"username": "nobody"}, content_type="application/json")
    assert nobody.status_code == 400 and nobody.json()["errors"][0]["field"] == "username"
    assert web.delete(f"/api/v1/administration/people/{owner.pk}/second-factor/").status_code == 204
    assert web.get(f"/api/v1/administration/people/{owner.pk}/").json()["second_factor"] is False
