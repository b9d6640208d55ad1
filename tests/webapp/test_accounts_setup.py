"""The first administrator comes in by a link that is printed once."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests.webapp import people
from webapp.accounts.actions.projects import create_project
from webapp.accounts.models import AuditEvent, Invitation, Membership, User

pytestmark = pytest.mark.django_db
GIVEN = {"username": "ada", "email": "Ada@Example.org", "password": "correct horse battery", "language": "zh-hans"}


def printed(**options: bool) -> str:
    said = StringIO()
    call_command("setup_link", stdout=said, **options)
    return said.getvalue().strip()


def path_of(line: str) -> str:
    return "/setup/" + line.partition("/setup/")[2]


def test_the_link_makes_an_administrator_who_owns_the_demo():
    demo = create_project(name="Demo", owner=None, actor=None, now=timezone.now(), demo=True)
    other = create_project(name="Other", owner=None, actor=None, now=timezone.now())
    client = Client()
    answer = client.post(path_of(printed()), GIVEN)
    assert answer.status_code == 302 and answer["Location"] == "/"
    ada = User.objects.get(username="ada")
    assert (ada.is_superuser, ada.email, ada.language) == (True, "ada@example.org", "zh-hans")
    assert ada.check_password(GIVEN["password"])
    assert Membership.objects.get(project=demo, user=ada).role == "owner"
    assert not Membership.objects.filter(project=other).exists()
    assert client.get("/").status_code == 200


def test_the_link_works_once():
    path = path_of(printed())
    Client().post(path, GIVEN)
    assert Client().get(path).status_code == 404
    assert Client().post(path, GIVEN | {"username": "eve", "email": "eve@example.org"}).status_code == 404
    assert User.objects.count() == 1


def test_a_new_link_ends_the_one_before():
    first, second = path_of(printed()), path_of(printed())
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200


def test_no_link_is_made_where_there_is_an_administrator():
    people.person("chief", administrator=True)
    assert printed() == "Already set up: there is an administrator."
    assert printed(if_needed=True) == ""
    assert Invitation.objects.count() == 0


def test_a_link_from_before_ends_when_an_administrator_appears_by_other_means():
    path = path_of(printed())
    people.person("chief", administrator=True)
    assert Client().post(path, GIVEN).status_code == 404
    assert User.objects.count() == 1


def test_the_link_ends_with_its_time():
    path = path_of(printed())
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(path).status_code == 404


def test_only_the_links_hash_is_kept():
    secret = path_of(printed()).split("/")[2]
    kept = Invitation.objects.get()
    assert len(kept.token_hash) == 64 and secret not in kept.token_hash
    assert secret not in str(list(AuditEvent.objects.values()))


def test_an_invitations_secret_is_no_set_up_link_and_the_other_way_round():
    path = path_of(printed())
    assert Client().get(path.replace("/setup/", "/invitations/")).status_code == 404


def test_nothing_typed_is_lost_and_every_error_is_told_at_once():
    path = path_of(printed())
    answer = Client().post(path, {"username": "ada love", "email": "nonsense", "password": "short", "language": "en"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="ada love"' in text and 'value="nonsense"' in text and "short" not in text.replace("too short", "")
    assert text.count("field-error") >= 3
    assert User.objects.count() == 0


def test_a_password_like_the_name_is_refused():
    given = GIVEN | {"username": "wonderfulname", "password": "wonderfulname1"}
    answer = Client().post(path_of(printed()), given)
    assert answer.status_code == 422 and b"too similar" in answer.content
