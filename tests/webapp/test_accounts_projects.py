"""Projects: made, renamed, and never without an owner."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import people
from webapp.accounts.actions.projects import change_role, create_project, remove_member
from webapp.accounts.models import AuditEvent, Membership, Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return people.person("owner")


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Kitchen", owner)


def test_projects_of_one_name_get_addresses_of_their_own(owner: User):
    slugs = [people.project(name, owner).slug for name in ("My set", "My set", "my-set", "图像", "图像", "---")]
    assert slugs == ["my-set", "my-set-2", "my-set-3", "project", "project-2", "project-3"]


def test_a_project_is_renamed_and_keeps_its_address(project: Project, owner: User):
    answer = people.browser(owner).post(f"/p/{project.slug}/settings/", {"name": " New  name ", "description": "x"})
    assert answer.status_code == 302
    project.refresh_from_db()
    assert (project.name, project.description, project.slug) == ("New name", "x", "kitchen")


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_project_needs_a_name_of_a_sensible_length(name: str, owner: User):
    with pytest.raises(BadInput, match="name"):
        create_project(name=name, owner=owner, actor=owner, now=timezone.now())
    answer = people.browser(people.person("chief", administrator=True)).post("/projects/new/", {"name": name})
    assert answer.status_code == 422 and Project.objects.count() == 0


def test_the_last_owner_can_neither_go_nor_become_something_else(project: Project, owner: User):
    client, held = people.browser(owner), Membership.objects.get(user=owner)
    for path, data in ((f"people/{owner.pk}/remove/", {}), (f"people/{owner.pk}/role/", {"role": "viewer"})):
        answer = client.post(f"/p/{project.slug}/{path}", data, follow=True)
        assert b"A project needs an owner" in answer.content
    held.refresh_from_db()
    assert held.role == "owner"


def test_an_owner_whose_account_is_shut_does_not_count_as_one(project: Project, owner: User):
    second = people.person("second")
    people.member(project, second, "owner")
    User.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(BadInput, match="needs an owner"):
        remove_member(membership=Membership.objects.get(user=owner), actor=owner, now=timezone.now())


def test_an_owner_gives_another_role_and_takes_somebody_out(project: Project, owner: User):
    dana, client = people.person("dana"), people.browser(owner)
    people.member(project, dana, "viewer")
    client.post(f"/p/{project.slug}/people/{dana.pk}/role/", {"role": "researcher"})
    assert Membership.objects.get(user=dana).role == "researcher"
    client.post(f"/p/{project.slug}/people/{dana.pk}/role/", {"role": "emperor"})
    assert Membership.objects.get(user=dana).role == "researcher"
    client.post(f"/p/{project.slug}/people/{dana.pk}/remove/")
    assert not Membership.objects.filter(user=dana).exists()
    assert people.browser(dana).get(f"/p/{project.slug}/").status_code == 404


def test_the_database_keeps_one_known_role_a_person(project: Project, owner: User):
    now = timezone.now()
    for role, who in (("emperor", people.person("dana")), ("viewer", owner)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(project=project, user=who, role=role, created_at=now)


def test_accounts_that_differ_only_in_case_do_not_exist():
    people.person("dana")
    for name, address in (("DANA", "other@example.org"), ("other", "DANA@example.org")):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username=name, email=address)


def test_a_page_of_many_people_costs_as_many_queries_as_one_of_few(project: Project, owner: User):
    client = people.browser(owner)

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200
        return len(asked)

    pages = (f"/p/{project.slug}/people/", f"/p/{project.slug}/")
    cost(pages[0])  # a session that was read before brings its person along
    few = [cost(path) for path in pages]
    for number in range(30):
        people.member(project, people.person(f"p{number}"), "viewer")
    assert [cost(path) for path in pages] == few
    assert max(few) <= 12


@pytest.mark.django_db(transaction=True)
def test_two_owners_cannot_take_each_other_out_at_once():
    first, second = people.person("first"), people.person("second")
    project = people.project("Kitchen", first)
    people.member(project, second, "owner")
    start, refused = threading.Barrier(2), []

    def take_out(actor: User, other: User) -> None:
        membership = Membership.objects.get(user=other)
        start.wait()
        try:
            if actor == first:
                remove_member(membership=membership, actor=actor, now=timezone.now())
            else:
                change_role(membership=membership, role="viewer", actor=actor, now=timezone.now())
        except BadInput:
            refused.append(actor)
        finally:
            connection.close()

    threads = [threading.Thread(target=take_out, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(project=project, role="owner").count() == 1


def test_what_happened_is_in_the_trail(project: Project, owner: User):
    dana = people.person("dana")
    membership = people.member(project, dana, "viewer")
    change_role(membership=membership, role="annotator", actor=owner, now=timezone.now())
    remove_member(membership=membership, actor=owner, now=timezone.now())
    told = list(AuditEvent.objects.order_by("id").values_list("verb", "target", "actor_name"))
    assert told[-3:] == [
        ("member.added", "dana", ""),
        ("member.role_changed", "dana", "owner"),
        ("member.removed", "dana", "owner"),
    ]
