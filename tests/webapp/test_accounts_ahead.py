"""A session that a process has read before brings along whose it is; it opens nothing that is closed by now."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.webapp import people
from webapp.accounts.models import Membership, Project, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: None) -> User:
    return people.person("olga")


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Birds", owner)


@pytest.fixture
def known(owner: User, project: Project) -> Client:
    """A browser whose session this process has read."""
    client = people.browser(owner)
    assert client.get(f"/p/{project.slug}/").status_code == 200
    return client


def test_session_person_and_membership_are_one_statement(owner: User, project: Project, known: Client) -> None:
    def asked(client: Client) -> list[str]:
        with CaptureQueriesContext(connection) as counted:
            assert client.get(f"/p/{project.slug}/").status_code == 200
        return [query["sql"] for query in counted.captured_queries]

    fresh, again = asked(people.browser(owner)), asked(known)
    assert len(again) == len(fresh) - 2
    assert sum("django_session" in text for text in again) == 1
    assert "accounts_user" in again[0] and "accounts_membership" in again[0]


def test_who_was_taken_out_of_a_project_finds_it_gone(owner: User, project: Project, known: Client) -> None:
    Membership.objects.filter(user=owner).delete()
    assert known.get(f"/p/{project.slug}/").status_code == 404


def test_who_has_another_role_by_now_has_it_at_once(owner: User, project: Project, known: Client) -> None:
    assert known.get(f"/p/{project.slug}/people/").status_code == 200
    Membership.objects.filter(user=owner).update(role="annotator")
    assert known.get(f"/p/{project.slug}/people/").status_code == 403


def test_who_was_locked_out_is_a_stranger_at_once(owner: User, project: Project, known: Client) -> None:
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert known.get(f"/p/{project.slug}/").status_code == 302


def test_a_new_password_ends_the_session(owner: User, project: Project, known: Client) -> None:
    owner.set_password(people.PASSWORD)
    owner.save()
    assert known.get(f"/p/{project.slug}/").status_code == 302


def test_a_session_that_is_gone_or_over_opens_nothing(owner: User, project: Project, known: Client) -> None:
    kept = known.session.session_key
    Session.objects.filter(session_key=kept).update(expire_date="2020-01-01T00:00:00Z")
    assert known.get(f"/p/{project.slug}/").status_code == 302
    other = people.browser(owner)
    assert other.get(f"/p/{project.slug}/").status_code == 200
    other.logout()
    assert other.get(f"/p/{project.slug}/").status_code == 302


def test_another_person_in_the_same_session_is_themselves(owner: User, project: Project, known: Client) -> None:
    other = people.person("otto")
    mine = Session.objects.get(session_key=known.session.session_key)
    theirs = people.browser(other)
    mine.session_data = Session.objects.get(session_key=theirs.session.session_key).session_data
    mine.save()
    assert known.get(f"/p/{project.slug}/").status_code == 404
    assert b"otto" in known.get("/").content


def test_another_project_is_opened_by_its_own_membership(owner: User, project: Project, known: Client) -> None:
    people.project("Fish", people.person("fred"))
    assert known.get("/p/fish/").status_code == 404
    assert known.get(f"/p/{project.slug}/").status_code == 200
