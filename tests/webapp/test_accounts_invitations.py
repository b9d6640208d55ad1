"""People come in by links: shown once, kept as hashes, good for one person and a while."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from ml_core.spec import BadInput
from tests.webapp import people
from webapp.accounts.actions.invitations import accept_as_member, accept_as_newcomer, invite
from webapp.accounts.actions.people import deactivate
from webapp.accounts.actions.projects import change_role
from webapp.accounts.models import AuditEvent, Invitation, Membership, Project, User

NEWCOMER = {"username": "bo", "email": "bo@example.org", "password": "correct horse battery", "language": "en"}


@pytest.fixture
def owner(db: None) -> User:
    return people.person("owner", password=people.PASSWORD)


@pytest.fixture
def project(owner: User) -> Project:
    return people.project("Kitchen", owner)


def link(project: Project, owner: User, **given: str) -> str:
    """Make an invitation as its page does and read the link off the answer."""
    answer = people.browser(owner).post(f"/p/{project.slug}/people/", {"role": "reviewer", "email": ""} | given)
    found = re.search(r"http://testserver(/invitations/[\w-]+/)", answer.content.decode())
    assert found, answer.content.decode()[:3000]
    assert "no-store" in answer["Cache-Control"]
    return found[1]


def test_a_newcomer_comes_in_with_the_role_of_the_link(project: Project, owner: User):
    client, path = Client(), link(project, owner)
    page = client.get(path)
    assert b"Join Kitchen" in page.content and b"reviewer" in page.content
    answer = client.post(path, NEWCOMER)
    assert answer["Location"] == f"/p/{project.slug}/"
    assert Membership.objects.get(user__username="bo").role == "reviewer"
    assert client.get(answer["Location"]).status_code == 200


def test_the_link_is_shown_once_and_only_its_hash_is_kept(project: Project, owner: User):
    secret = link(project, owner).split("/")[2]
    assert secret not in people.browser(owner).get(f"/p/{project.slug}/people/").content.decode()
    assert secret not in str(list(Invitation.objects.values())) + str(list(AuditEvent.objects.values()))


def test_a_link_is_good_for_one_person(project: Project, owner: User):
    path = link(project, owner)
    Client().post(path, NEWCOMER)
    again = NEWCOMER | {"username": "cy", "email": "cy@example.org"}
    assert Client().get(path).status_code == Client().post(path, again).status_code == 404
    assert not User.objects.filter(username="cy").exists()


def test_a_link_ends_with_its_time_and_when_it_is_taken_back(project: Project, owner: User):
    old, back = link(project, owner), link(project, owner)
    first, second = Invitation.objects.order_by("pk")
    Invitation.objects.filter(pk=first.pk).update(expires_at=timezone.now())
    answer = people.browser(owner).post(f"/p/{project.slug}/invitations/{second.pk}/revoke/")
    assert answer.status_code == 302
    assert Client().get(old).status_code == Client().get(back).status_code == 404


def test_an_invitation_to_an_address_makes_an_account_with_that_address_only(project: Project, owner: User):
    path = link(project, owner, email="Bo@Example.org")
    Client().post(path, NEWCOMER | {"email": "other@example.org"})
    assert User.objects.get(username="bo").email == "bo@example.org"


def test_who_has_an_account_joins_with_one_button(project: Project, owner: User):
    dana, path = people.person("dana"), link(project, owner)
    client = people.browser(dana)
    assert b"signed in as dana" in client.get(path).content
    assert client.post(path)["Location"] == f"/p/{project.slug}/"
    assert Membership.objects.get(user=dana).role == "reviewer"


def test_an_invitation_to_another_address_does_not_let_in_whoever_has_the_link(project: Project, owner: User):
    dana, path = people.person("dana"), link(project, owner, email="somebody@example.org")
    answer = people.browser(dana).post(path)
    assert answer.status_code == 422 and b"for another address" in answer.content
    assert not Membership.objects.filter(user=dana).exists()


def test_an_address_that_has_an_account_is_asked_to_sign_in(project: Project, owner: User):
    people.person("dana")
    path = link(project, owner, email="dana@example.org")
    page = Client().get(path).content.decode()
    assert "has an account" in page and "/account/login/?next=/invitations/" in page


def test_a_member_who_opens_a_link_keeps_the_role_they_have(project: Project, owner: User):
    path = link(project, owner, role="viewer")
    people.browser(owner).post(path)
    assert Membership.objects.get(project=project, user=owner).role == "owner"


def test_a_name_or_address_that_is_taken_is_told_and_nothing_is_made(project: Project, owner: User):
    people.person("dana")
    path = link(project, owner)
    answer = Client().post(path, NEWCOMER | {"username": "DANA"})
    assert answer.status_code == 422 and b"Somebody has this name" in answer.content
    answer = Client().post(path, NEWCOMER | {"email": "DANA@example.org"})
    assert answer.status_code == 422 and b"is taken" in answer.content
    assert Invitation.objects.get().accepted_at is None


def test_links_of_somebody_who_may_no_longer_let_people_in_stop_working(project: Project, owner: User):
    second, chief = people.person("second"), people.person("chief", administrator=True)
    membership = people.member(project, second, "owner")
    by_demoted = link(project, second)
    change_role(membership=membership, role="viewer", actor=owner, now=timezone.now())
    assert Client().get(by_demoted).status_code == 404
    by_shut = link(project, owner)
    deactivate(person=owner, actor=chief, now=timezone.now())
    assert Client().get(by_shut).status_code == 404


def test_without_a_mail_server_nothing_is_sent(project: Project, owner: User, settings):
    settings.NEARMISS_HAS_MAIL = False
    link(project, owner, email="bo@example.org")
    assert mail.outbox == []


def test_with_a_mail_server_the_link_is_mailed_and_shown(project: Project, owner: User, settings):
    settings.NEARMISS_HAS_MAIL = True
    path = link(project, owner, email="bo@example.org")
    assert [message.to for message in mail.outbox] == [["bo@example.org"]]
    assert path in mail.outbox[0].body and "Kitchen" in mail.outbox[0].body


def test_a_mail_server_that_is_away_does_not_stop_the_invitation(project: Project, owner: User, settings):
    settings.NEARMISS_HAS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    link(project, owner, email="bo@example.org")
    assert Invitation.objects.count() == 1


def test_the_installations_own_invitation_makes_an_account_without_a_project(owner: User):
    chief = people.person("chief", administrator=True)
    _, secret = invite(project=None, role="", email="", actor=chief, now=timezone.now())
    assert Client().post(f"/invitations/{secret}/", NEWCOMER)["Location"] == "/"
    assert not Membership.objects.filter(user__username="bo").exists()


def test_a_role_that_does_not_exist_is_refused(project: Project, owner: User):
    with pytest.raises(BadInput, match="no role"):
        invite(project=project, role="emperor", email="", actor=owner, now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_two_people_who_open_a_link_at_once_do_not_both_come_in():
    owner = people.person("owner")
    project = people.project("Kitchen", owner)
    _, secret = invite(project=project, role="viewer", email="", actor=owner, now=timezone.now())
    start, refused = threading.Barrier(4), []

    def come_in(number: int) -> None:
        given = NEWCOMER | {"username": f"p{number}", "email": f"p{number}@example.org"}
        start.wait()
        try:
            accept_as_newcomer(secret=secret, now=timezone.now(), **given)
        except BadInput:
            refused.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=come_in, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert User.objects.count() == 2 and Membership.objects.filter(role="viewer").count() == 1


def test_accepting_is_in_the_trail_of_the_project(project: Project, owner: User):
    dana = people.person("dana")
    _, secret = invite(project=project, role="viewer", email="", actor=owner, now=timezone.now() - timedelta(days=1))
    accept_as_member(secret=secret, person=dana, now=timezone.now())
    verbs = list(AuditEvent.objects.filter(project_id=project.pk).order_by("id").values_list("verb", flat=True))
    assert verbs[-3:] == ["invitation.made", "member.added", "invitation.accepted"]
