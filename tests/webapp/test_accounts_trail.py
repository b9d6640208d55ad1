"""The audit trail: written with what it tells of, never changed, outliving people and projects."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone
from psycopg.errors import InsufficientPrivilege

from tests.webapp import people
from webapp.accounts.actions import record
from webapp.accounts.models import AuditEvent, Membership, Project, User
from webapp.accounts.queries.trail import PAGE, trail, verbs

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return people.person("owner")


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Kitchen", owner)


def tell(project: Project | None, actor: User, verb: str = "thing.done", **more: str) -> AuditEvent:
    return record(verb=verb, actor=actor, project=project, now=timezone.now(), **more)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditevent SET verb = 'x'",
        "DELETE FROM accounts_auditevent",
        "TRUNCATE accounts_auditevent",
        "ALTER TABLE accounts_auditevent DISABLE TRIGGER ALL",
        "DROP TABLE accounts_auditevent",
    ],
)
def test_the_web_role_may_not_change_a_line(statement: str, project: Project):
    with pytest.raises(ProgrammingError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert isinstance(refused.value.__cause__, InsufficientPrivilege)


def test_the_trail_outlives_people_and_projects(project: Project, owner: User):
    tell(project, owner)
    Membership.objects.all().delete()
    project.delete()
    owner.delete()
    event = AuditEvent.objects.latest("id")
    assert (event.actor_name, event.project_name, event.verb) == ("owner", "Kitchen", "thing.done")


def test_what_failed_leaves_no_line(project: Project, owner: User):
    before = AuditEvent.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(project, owner)
        raise ZeroDivisionError
    assert AuditEvent.objects.count() == before


def test_pages_follow_each_other_without_gap_or_repetition(project: Project, owner: User):
    start = AuditEvent.objects.latest("id").pk
    made = [tell(project, owner, target=str(number)).pk for number in range(PAGE + 7)]
    first = trail(project_id=project.pk)
    second = trail(project_id=project.pk, before=first.older)
    shown = [line.target for page in (first, second) for line in page.lines]
    assert shown[: len(made)] == [str(number) for number in reversed(range(PAGE + 7))]
    assert len(first.lines) == PAGE and second.older is None and first.older > start


def test_a_line_that_comes_in_meanwhile_moves_nothing(project: Project, owner: User):
    for number in range(PAGE + 1):
        tell(project, owner, target=str(number))
    first = trail(project_id=project.pk)
    tell(project, owner, target="late")
    assert trail(project_id=project.pk, before=first.older).lines[0].target == "0"


def test_the_page_filters_by_verb_and_person_and_keeps_both_while_paging(project: Project, owner: User):
    dana = people.person("dana")
    for number in range(PAGE + 1):
        tell(project, dana, "label.given", target=f"t{number}")
    tell(project, owner, "label.given")
    client = people.browser(owner)
    page = client.get(f"/p/{project.slug}/audit/", {"verb": "label.given", "actor": "dana"}).content.decode()
    assert page.count("<time") == PAGE
    assert "?verb=label.given&amp;actor=dana&amp;before=" in page
    assert f"/api/v1/projects/{project.slug}/audit/?verb=label.given&amp;actor=dana&quot;" in page
    assert "Member added" in page  # in the list of verbs
    older = client.get(f"/p/{project.slug}/audit/", {"verb": "label.given", "actor": "dana", "before": "x"})
    assert older.status_code == 200


def test_a_project_shows_its_own_lines_and_the_administrators_page_all(project: Project, owner: User):
    other = people.project("Garden", people.person("outsider"))
    tell(other, owner, target="secret-target")
    assert b"secret-target" not in people.browser(owner).get(f"/p/{project.slug}/audit/").content
    chief = people.person("chief", administrator=True)
    page = people.browser(chief).get("/administration/audit/").content
    assert b"secret-target" in page and b"Garden" in page


def test_the_verbs_to_choose_from_are_those_that_occur_here(project: Project, owner: User):
    other = people.project("Garden", owner)
    for verb in ("b.two", "a.one", "b.two"):
        tell(project, owner, verb)
    tell(other, owner, "c.three")
    assert verbs(project_id=project.pk) == ["a.one", "b.two", "member.added", "project.created"]
    assert verbs() == ["a.one", "b.two", "c.three", "member.added", "project.created"]


def test_what_people_type_is_escaped(project: Project, owner: User):
    tell(project, owner, target="<script>alert(1)</script>")
    assert b"<script>alert" not in people.browser(owner).get(f"/p/{project.slug}/audit/").content


def test_every_page_of_the_trail_costs_the_same_queries(project: Project, owner: User, django_assert_max_num_queries):
    for number in range(3 * PAGE):
        tell(project, owner, target=str(number))
    client = people.browser(owner)
    deep = trail(project_id=project.pk, before=trail(project_id=project.pk).older).older
    for query in ({}, {"before": deep}, {"verb": "thing.done", "actor": "owner"}):
        with django_assert_max_num_queries(7):
            assert client.get(f"/p/{project.slug}/audit/", query).status_code == 200


def test_the_api_pages_by_cursor_to_the_end(project: Project, owner: User):
    for number in range(7):
        tell(project, owner, "label.given", target=str(number))
    client, address = people.browser(owner), f"/api/v1/projects/{project.slug}/audit/?verb=label.given&page_size=3"
    seen: list[str] = []
    while address:
        page = client.get(address).json()
        seen += [event["target"] for event in page["results"]]
        address = page["next"]
    assert seen == [str(number) for number in reversed(range(7))]


def test_behind_no_proxy_a_forwarded_address_is_not_believed(project: Project, owner: User):
    client = people.browser(owner)
    given = {"name": "New", "description": ""}
    client.post(f"/p/{project.slug}/settings/", given, HTTP_X_FORWARDED_FOR="203.0.113.9", REMOTE_ADDR="192.0.2.1")
    assert AuditEvent.objects.latest("id").address == "192.0.2.1"


def test_behind_one_proxy_the_last_forwarded_address_is(project: Project, owner: User, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    headers = {"HTTP_X_FORWARDED_FOR": "198.51.100.1, 203.0.113.9", "REMOTE_ADDR": "192.0.2.1"}
    people.browser(owner).post(f"/p/{project.slug}/settings/", {"name": "New", "description": ""}, **headers)
    assert AuditEvent.objects.latest("id").address == "203.0.113.9"
