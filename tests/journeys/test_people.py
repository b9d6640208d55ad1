"""People in real browsers: the first one comes in, lets others in, and they find what their role may see."""

from __future__ import annotations

import re
from io import StringIO

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import call_command

from tests.webapp import people
from webapp.accounts.models import Membership, User

PHRASE = "correct horse battery"


def setup_path() -> str:
    said = StringIO()
    call_command("setup_link", stdout=said)
    return "/setup/" + said.getvalue().partition("/setup/")[2].strip()


def make_account(page, name: str, button: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Email address").fill(f"{name}@example.org")
    page.get_by_label("Password").fill(PHRASE)
    page.get_by_role("button", name=button).click()


def test_the_first_person_sets_up_makes_a_project_and_lets_somebody_in(new_context, live_site):
    ada = new_context().new_page()
    ada.goto(setup_path())
    make_account(ada, "ada", "Make the account")
    ada.get_by_text("Nearmiss is set up").wait_for()
    ada.get_by_role("link", name=re.compile("Make a project|New project")).first.click()
    ada.get_by_label("Name").fill("Kitchen")
    ada.get_by_role("button", name="Make the project").click()
    ada.get_by_role("link", name="People", exact=True).first.click()
    ada.get_by_role("radio", name=re.compile("Reviewer")).check()
    ada.get_by_role("button", name="Make a link").click()
    link = ada.get_by_label("Invitation link").inner_text()

    bo = new_context().new_page()
    bo.goto(link)
    bo.get_by_role("heading", name="Join Kitchen").wait_for()
    make_account(bo, "bo", "Make the account and join")
    bo.get_by_role("heading", name="Kitchen").wait_for()
    assert bo.get_by_role("link", name="Audit trail").count() == 0

    ada.reload()
    ada.get_by_label("Role of bo").select_option("annotator")
    ada.get_by_role("row", name="bo").get_by_role("button", name="Change").click()
    ada.get_by_text("bo is now annotator").wait_for()
    bo.reload()
    assert bo.get_by_role("link", name="People", exact=True).count() == 0
    ada.get_by_role("row", name="bo").get_by_role("button", name="Remove").click()
    ada.get_by_role("dialog").get_by_role("button", name="Remove").click()
    ada.get_by_text("bo is no longer in this project").wait_for()
    assert not Membership.objects.filter(user__username="bo").exists()
    ada.get_by_role("link", name="Audit trail").click()
    ada.get_by_role("cell", name="Member removed").wait_for()


def test_a_person_sets_up_a_second_factor_and_signs_in_with_it(new_context, live_site):
    people.person("dana", password=people.PASSWORD)
    page = new_context().new_page()
    page.goto("/account/2fa/")
    sign_in(page, people.PASSWORD)
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Password").fill(people.PASSWORD)
    page.keyboard.press("Enter")
    secret = page.get_by_label("Authenticator secret").inner_text().strip()
    page.get_by_label(re.compile("code", re.I)).last.fill(code_of(secret))
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("recovery codes", re.I)).first.wait_for()

    recovery = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap().get_unused_codes()[0]
    fresh = new_context().new_page()
    fresh.goto("/account/profile/")
    sign_in(fresh, people.PASSWORD)
    fresh.get_by_label(re.compile("code", re.I)).last.fill(recovery)
    fresh.keyboard.press("Enter")
    fresh.get_by_role("heading", name="Profile").wait_for()
    assert User.objects.get(username="dana").last_login is not None


def test_what_was_typed_stays_and_the_first_wrong_field_is_reached_from_the_summary(new_context, live_site, watch):
    watch.allow("422")
    page = new_context().new_page()
    page.goto(setup_path())
    page.get_by_label("Name", exact=True).fill("ada love")
    page.get_by_label("Email address").fill("nonsense")
    page.get_by_role("button", name="Make the account").click()
    summary = page.get_by_role("alert").first
    assert "3 things need a change" in summary.inner_text()
    summary.get_by_role("link", name="Name").click()
    assert page.evaluate("document.activeElement.name") == "username"
    assert page.get_by_label("Name", exact=True).input_value() == "ada love"


def sign_in(page, password: str) -> None:
    page.get_by_label("Name or email address").fill("dana")
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")


def code_of(secret: str) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
