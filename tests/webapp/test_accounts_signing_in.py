"""Signing in: two ways to say who, one answer to whoever guesses, limits that hold, and a second factor."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    SECRET_SESSION_KEY,
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client
from django.utils import timezone

from tests.webapp import people
from webapp.accounts.actions.people import deactivate
from webapp.accounts.models import AuditEvent, User
from webapp.accounts.outgoing import all_sent

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


@pytest.fixture
def dana(db: None) -> User:
    return people.person("dana", password=people.PASSWORD)


def sign_in(login: str, password: str, client: Client | None = None, **extra: str):
    return (client or Client()).post(LOGIN, {"login": login, "password": password, **extra})


@pytest.mark.parametrize("login", ["dana", "DANA", "dana@example.org", "Dana@Example.ORG"])
def test_by_name_or_address_whatever_its_case(login: str, dana: User):
    assert sign_in(login, people.PASSWORD)["Location"] == "/"


def said(answer) -> list[str]:
    return re.findall(r'class="error-summary".*?</div>', answer.content.decode(), re.S)


def test_who_guesses_learns_nothing_about_who_has_an_account(dana: User):
    people.person("shut", password=people.PASSWORD)
    User.objects.filter(username="shut").update(is_active=False)
    answers = [sign_in(name, "wrong wrong wrong") for name in ("dana", "nobody", "shut")]
    by_address = [sign_in(f"{name}@example.org", "wrong wrong wrong") for name in ("dana", "nobody", "shut")]
    assert len({str(said(answer)) for answer in answers}) == len({str(said(answer)) for answer in by_address}) == 1
    assert said(answers[0]) and said(by_address[0])


def test_five_wrong_passwords_lock_a_name_for_a_while_in_every_process(dana: User):
    for _ in range(5):
        sign_in("dana", "wrong wrong wrong")
    answer = sign_in("dana", people.PASSWORD)
    assert answer.status_code == 200 and b"Too many failed" in answer.content
    people.person("other", password=people.PASSWORD)
    assert sign_in("other", people.PASSWORD).status_code == 302


def test_many_names_from_one_place_are_limited_too(dana: User, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
    for number in range(10):
        sign_in(f"name{number}", "wrong wrong wrong")
    assert b"Too many failed" in sign_in("another", "wrong wrong wrong").content


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil.example"],
)
def test_nobody_is_sent_away_to_another_site(target: str, dana: User):
    assert sign_in("dana", people.PASSWORD, next=target)["Location"] == "/"
    client = people.browser(dana)
    assert client.get(LOGIN, {"next": target})["Location"] == "/"
    assert client.post("/account/logout/", {"next": target})["Location"] == "/"


def test_a_stranger_comes_back_to_where_they_wanted(dana: User):
    client = Client()
    wanted = client.get("/account/tokens/?x=1&y=2")["Location"]
    assert wanted == "/account/login/?next=/account/tokens/%3Fx%3D1%26y%3D2"
    assert b'value="/account/tokens/?x=1&amp;y=2"' in client.get(wanted).content


def test_a_live_fragment_of_somebody_signed_out_reloads_its_page():
    answer = Client().get("/account/tokens/", headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_forms_want_a_csrf_token(dana: User):
    client = people.browser(dana, csrf=True)
    for path in ("/account/tokens/", "/account/profile/", "/account/logout/"):
        answer = client.post(path, {"name": "x"})
        assert answer.status_code == 403 and b"Go back, reload the page" in answer.content
    assert Client(enforce_csrf_checks=True).post(LOGIN, {"login": "dana"}).status_code == 403


def test_the_session_gets_a_new_key_and_a_cookie_scripts_cannot_read(dana: User):
    client = Client()
    client.get(LOGIN)
    client.session.save()
    before = client.session.session_key
    answer = sign_in("dana", people.PASSWORD, client)
    cookie = answer.cookies["sessionid"]
    assert cookie.value != before and cookie["httponly"] and cookie["samesite"] == "Lax"
    csrf = client.get("/").cookies["csrftoken"]
    assert csrf["httponly"] and csrf["samesite"] == "Lax"


def test_too_many_tries_get_a_page_that_says_so(dana: User, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    sign_in("dana", "wrong wrong wrong")
    answer = sign_in("dana", people.PASSWORD)
    assert answer.status_code == 429 and b"Too many tries" in answer.content


def test_signing_out_wants_a_button_and_ends_the_session(dana: User):
    client = people.browser(dana)
    client.get("/account/logout/")
    assert client.get("/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/")["Location"].startswith(LOGIN)


def test_a_new_password_ends_every_other_session(dana: User):
    here, there = Client(), people.browser(dana)
    sign_in("dana", people.PASSWORD, here)
    given = {"oldpassword": people.PASSWORD, "password1": "another long phrase", "password2": "another long phrase"}
    assert here.post("/account/password/change/", given).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/")["Location"].startswith(LOGIN)


def test_a_shut_account_is_out_at_once(dana: User):
    client, chief = people.browser(dana), people.person("chief", administrator=True)
    deactivate(person=dana, actor=chief, now=timezone.now())
    assert client.get("/")["Location"].startswith(LOGIN)
    assert "/account/inactive/" in sign_in("dana", people.PASSWORD)["Location"]


def test_nobody_signs_up_without_an_invitation():
    given = {"username": "eve", "email": "eve@example.org", "password1": people.PASSWORD, "password2": people.PASSWORD}
    for answer in (Client().get("/account/signup/"), Client().post("/account/signup/", given)):
        assert b"by invitation" in answer.content
    assert User.objects.count() == 0


def test_a_forgotten_password_is_answered_the_same_to_everybody(dana: User, settings):
    settings.NEARMISS_HAS_MAIL = True
    answers = [
        Client().post("/account/password/reset/", {"email": address})
        for address in ("dana@example.org", "nobody@example.org")
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/account/password/reset/done/")}
    all_sent()
    assert [message.to for message in mail.outbox] == [["dana@example.org"]]
    assert "http://testserver/account/password/reset/key/" in mail.outbox[0].body
    assert "[" not in mail.outbox[0].subject and "example.com" not in mail.outbox[0].body


def test_a_mail_server_that_is_away_breaks_no_page(dana: User, settings):
    settings.NEARMISS_HAS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert Client().post("/account/password/reset/", {"email": "dana@example.org"}).status_code == 302
    all_sent()


def test_without_a_mail_server_the_page_says_whom_to_ask(dana: User, settings):
    settings.NEARMISS_HAS_MAIL = False
    assert b"Ask an administrator" in Client().get("/account/password/reset/").content
    assert Client().post("/account/password/reset/", {"email": "dana@example.org"}).status_code == 302
    assert mail.outbox == []


def reset_path(chief: User, person: User) -> str:
    answer = people.browser(chief).post(f"/administration/people/{person.pk}/")
    found = re.search(r"http://testserver(/account/password/reset/key/[\w-]+/)", answer.content.decode())
    assert found and "no-store" in answer["Cache-Control"]
    return found[1]


def test_an_administrators_reset_link_lets_choose_a_new_password_once(dana: User):
    chief = people.person("chief", administrator=True)
    path, client = reset_path(chief, dana), Client()
    form = client.get(path)["Location"]
    given = {"password1": "another long phrase", "password2": "another long phrase"}
    assert client.post(form, given).status_code == 302
    assert sign_in("dana", "another long phrase").status_code == 302
    assert b"no longer works" in Client().get(path).content
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"person.reset_link_made", "person.password_reset", "person.signed_in"} <= verbs


def test_a_reset_link_ends_when_its_person_signs_in(dana: User):
    path = reset_path(people.person("chief", administrator=True), dana)
    sign_in("dana", people.PASSWORD)
    assert b"no longer works" in Client().get(path).content


def test_no_reset_link_is_made_for_a_shut_account(dana: User):
    chief = people.person("chief", administrator=True)
    User.objects.filter(pk=dana.pk).update(is_active=False)
    answer = people.browser(chief).post(f"/administration/people/{dana.pk}/")
    assert b"/account/password/reset/key/" not in answer.content


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_a_second_factor_wants_the_password_once_more_is_asked_for_and_sealed(dana: User):
    client = Client()
    sign_in("dana", people.PASSWORD, client)
    assert "/account/reauthenticate/" in client.get("/account/2fa/totp/activate/")["Location"]
    client.post("/account/reauthenticate/", {"password": people.PASSWORD})
    page = client.get("/account/2fa/totp/activate/").content.decode()
    secret = client.session[SECRET_SESSION_KEY]
    assert secret in page
    assert client.post("/account/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    assert secret not in str(list(Authenticator.objects.values()))
    fresh = Client()
    assert "/account/2fa/authenticate/" in sign_in("dana", people.PASSWORD, fresh)["Location"]
    assert fresh.get("/")["Location"].startswith(LOGIN)
    assert fresh.post("/account/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert fresh.get("/")["Location"].startswith(LOGIN)


def test_the_code_or_a_recovery_code_opens(dana: User):
    secret = generate_totp_secret()
    TOTP.activate(dana, secret)
    client = Client()
    sign_in("dana", people.PASSWORD, client)
    assert client.post("/account/2fa/authenticate/", {"code": code_of(secret)})["Location"] == "/"
    assert client.get("/").status_code == 200


def test_an_administrator_takes_a_lost_second_factor_off(dana: User):
    TOTP.activate(dana, generate_totp_secret())
    people.browser(people.person("chief", administrator=True)).post(f"/administration/people/{dana.pk}/second-factor/")
    assert sign_in("dana", people.PASSWORD)["Location"] == "/"


def test_a_wrong_password_is_noted_but_never_what_was_typed_for_a_name(dana: User):
    sign_in("dana", "wrong wrong wrong")
    sign_in("my secret phrase", "wrong wrong wrong")
    told = list(AuditEvent.objects.filter(verb="person.sign_in_failed").order_by("id").values_list("target", flat=True))
    assert told == ["dana", ""]
