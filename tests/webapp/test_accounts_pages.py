"""Home, profile, navigation, language, and administrators' pages."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.webapp import people
from webapp.accounts import administration, home
from webapp.accounts.models import Membership, Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return people.person("owner", password=people.PASSWORD)


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Kitchen", owner)


@pytest.fixture
def chief(db: None) -> User:
    return people.person("chief", administrator=True, password=people.PASSWORD)


def labels_to_give(user: User, memberships: list[Membership]) -> list[home.Card]:
    return [
        home.Card(f"Give {user.username} labels", "12 wait", f"/p/{held.project.slug}/", held.project.name, count=12)
        for held in memberships
        if held.role == "annotator"
    ]


def test_home_shows_each_role_what_waits_for_it(project: Project, owner: User, monkeypatch):
    monkeypatch.setattr(home, "_providers", [])
    home.register(labels_to_give)
    home.register(labels_to_give)
    dana = people.person("dana")
    people.member(project, dana, "annotator")
    for path in ("/", f"/p/{project.slug}/"):
        assert people.browser(dana).get(path).content.count(b"Give dana labels") == 1
        assert b"Nothing waits for you" in people.browser(owner).get(path).content


def test_home_of_somebody_in_no_project_says_what_to_do(chief: User):
    assert b"The owner of a project can send you a link" in people.browser(people.person("dana")).get("/").content
    assert b"Make a project" in people.browser(chief).get("/").content


def test_home_costs_as_many_queries_with_many_projects(owner: User, django_assert_max_num_queries):
    for number in range(12):
        people.project(f"Project {number}", owner)
    client = people.browser(owner)
    client.get("/")
    with django_assert_max_num_queries(12):
        assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("owner", {"People", "Audit trail"}),
        ("researcher", {"People"}),
        ("reviewer", {"People"}),
        ("annotator", set()),
        ("viewer", set()),
    ],
)
def test_the_bar_shows_the_sections_a_role_may_open(role: str, sees: set[str], project: Project):
    dana = people.person("dana")
    people.member(project, dana, role)
    page = people.browser(dana).get(f"/p/{project.slug}/").content.decode()
    bar = page.partition('aria-label="Sections"')[2].partition("</nav>")[0]
    assert {label for label in ("People", "Audit trail") if f">{label}<" in bar} == sees


def test_the_switcher_lists_ones_own_projects_only(project: Project, owner: User):
    people.project("Garden", people.person("outsider"))
    page = people.browser(owner).get("/").content.decode()
    assert "Kitchen" in page and "Garden" not in page


def test_a_person_reads_in_the_language_they_chose_whatever_the_browser_says(owner: User):
    client = people.browser(owner)
    client.post("/account/profile/", {"username": "owner", "email": owner.email, "language": "zh-hans"})
    answer = client.get("/", headers={"accept-language": "en"})
    assert answer["Content-Language"] == "zh-hans" and b'<html lang="zh-Hans">' in answer.content
    assert Client().get("/account/login/", headers={"accept-language": "en"})["Content-Language"] == "en"


def test_another_name_or_address_wants_the_password(owner: User):
    client = people.browser(owner)
    given = {"username": "boss", "email": "Boss@example.org", "language": "en"}
    for password in ("", "wrong wrong wrong"):
        answer = client.post("/account/profile/", given | {"password": password})
        assert answer.status_code == 422 and b"not your password" in answer.content
        assert b'value="boss"' in answer.content
    assert client.post("/account/profile/", given | {"password": people.PASSWORD}).status_code == 302
    owner.refresh_from_db()
    assert (owner.username, owner.email) == ("boss", "boss@example.org")
    assert (
        Client().post("/account/login/", {"login": "boss@example.org", "password": people.PASSWORD})["Location"] == "/"
    )


def test_a_name_that_is_taken_is_refused_in_the_profile(owner: User):
    people.person("dana")
    given = {"username": "Dana", "email": owner.email, "language": "en", "password": people.PASSWORD}
    answer = people.browser(owner).post("/account/profile/", given)
    assert answer.status_code == 422 and b"taken" in answer.content
    owner.refresh_from_db()
    assert owner.username == "owner"


@pytest.mark.parametrize("name", ["a b", "a@b", "a/b", "<b>", "a\nb", "x" * 61, ""])
def test_names_are_plain_words(name: str, owner: User):
    given = {"username": name, "email": owner.email, "language": "en", "password": people.PASSWORD}
    assert people.browser(owner).post("/account/profile/", given).status_code == 422


def test_names_of_every_script_are_welcome(owner: User):
    given = {"username": "李明", "email": owner.email, "language": "zh-hans", "password": people.PASSWORD}
    assert people.browser(owner).post("/account/profile/", given).status_code == 302


def test_administrators_see_every_page_that_apps_registered(chief: User):
    client = people.browser(chief)
    page = client.get("/administration/").content.decode()
    for entry in administration.entries():
        assert entry.title in page
    assert {"People", "Projects", "Audit trail"} <= {entry.title for entry in administration.entries()}


def test_an_administrator_shuts_and_opens_an_account(chief: User, owner: User):
    client = people.browser(chief)
    client.post(f"/administration/people/{owner.pk}/deactivate/")
    assert not User.objects.get(pk=owner.pk).is_active
    client.post(f"/administration/people/{owner.pk}/reactivate/")
    assert User.objects.get(pk=owner.pk).is_active


def test_nobody_shuts_their_own_account_or_the_last_administrator(chief: User):
    client = people.browser(chief)
    assert (
        b"cannot deactivate your own"
        in client.post(f"/administration/people/{chief.pk}/deactivate/", follow=True).content
    )
    answer = client.post(f"/administration/people/{chief.pk}/demote/", follow=True)
    assert b"needs an administrator" in answer.content
    chief.refresh_from_db()
    assert chief.is_active and chief.is_superuser


def test_an_administrator_makes_another_one(chief: User, owner: User):
    client = people.browser(chief)
    client.post(f"/administration/people/{owner.pk}/promote/")
    client.post(f"/administration/people/{chief.pk}/demote/")
    assert list(User.objects.filter(is_superuser=True)) == [owner]
    assert client.get("/administration/").status_code == 403


def test_an_administrator_gives_a_project_a_new_owner_and_sees_nothing_in_it(chief: User, project: Project):
    client, dana = people.browser(chief), people.person("dana")
    assert client.get(f"/p/{project.slug}/").status_code == 404
    client.post(f"/administration/projects/{project.pk}/owners/", {"username": "DANA"})
    assert Membership.objects.get(user=dana).role == "owner"
    answer = client.post(f"/administration/projects/{project.pk}/owners/", {"username": "nobody"}, follow=True)
    assert b"No account has this name" in answer.content


def test_people_of_the_installation_cost_as_many_queries_with_many(chief: User, django_assert_max_num_queries):
    for number in range(20):
        people.person(f"p{number}")
    client = people.browser(chief)
    with django_assert_max_num_queries(7):
        assert client.get("/administration/people/").content.count(b"@example.org") == 21
