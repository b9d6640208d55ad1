"""Nothing said is lost and nothing stored twice: no network, no session, a closed tab, a dead server, two tabs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from tests.journeys.labelling_parts import address, prefetched, press_and_go, ready, saved, shown
from tests.parts.site import Site, Watch
from tests.webapp import annotation_parts as parts
from tests.webapp.people import PASSWORD
from webapp.accounts.models import Membership
from webapp.annotation.campaigns import staff
from webapp.annotation.models import Campaign, Label, LabelEvent, Slot
from webapp.experiments.models import Run


def test_ten_items_offline_are_all_there_once_online_again(
    labelled: Run, enter: Callable[..., Page], watch: Watch
) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED")
    page = enter(parts.campaign(labelled))
    prefetched(page, 24)
    page.context.set_offline(True)
    seen = []
    for number in range(10):
        seen.append(int(shown(page)))
        press_and_go(page, str(number % 6 + 2), "Enter")
        assert page.evaluate("[...document.querySelectorAll('.own')].every(i => i.complete && i.naturalWidth)")
    expect(page.locator("#state-text")).to_have_text("Offline, 10 waiting")
    expect(page.locator("#progress")).to_have_text("10 of 14")
    assert not LabelEvent.objects.exists()
    page.context.set_offline(False)
    saved(page)
    assert list(LabelEvent.objects.order_by("id").values_list("task_id", flat=True)) == seen
    assert Label.objects.filter(slot__state="answered").count() == 10
    expect(page.locator("#progress")).to_have_text("10 of 14")


def test_a_tab_closed_while_offline_sends_when_it_is_opened_again(
    labelled: Run, enter: Callable[..., Page], watch: Watch
) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED")
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    prefetched(page, 6)
    page.context.set_offline(True)
    first = int(shown(page))
    press_and_go(page, "2", "Enter")
    press_and_go(page, "3", "Enter")
    expect(page.locator("#state-text")).to_have_text("Offline, 2 waiting")
    context = page.context
    page.close()
    context.set_offline(False)
    again = context.new_page()
    again.goto(address(campaign))
    ready(again)
    saved(again)
    assert int(shown(again)) != first
    assert Label.objects.filter(annotator__user__username="ann").count() == LabelEvent.objects.count() == 2
    expect(again.locator("#progress")).to_have_text("2 of 14")


def test_answers_of_somebody_who_was_taken_out_meanwhile_are_stored_and_the_page_says_so(
    labelled: Run, enter: Callable[..., Page], watch: Watch
) -> None:
    watch.allow("ERR_INTERNET_DISCONNECTED|404")  # offline; then pictures that are no longer theirs to see
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    prefetched(page, 6)
    page.context.set_offline(True)
    seen = {int(shown(page))}
    press_and_go(page, "2", "Enter")
    seen.add(int(shown(page)))
    press_and_go(page, "3", "Enter")
    staff.remove_annotator(annotator=parts.annotator(campaign, "ann"), actor=None, now=timezone.now())
    page.context.set_offline(False)
    saved(page)
    labels = Label.objects.filter(annotator__user__username="ann")
    assert set(labels.exclude(category="").values_list("task", flat=True)) == seen
    expect(page.locator("[data-matter=campaign]")).to_contain_text("You were taken out of this campaign.")
    expect(page.locator("#empty-title")).to_have_text("You are no longer in this campaign.")


def test_answers_of_somebody_who_may_label_no_more_can_be_taken_along_as_a_file(
    labelled: Run, enter: Callable[..., Page], watch: Watch, live_site: Site
) -> None:
    watch.allow("403")
    page = enter(parts.campaign(labelled))
    Membership.objects.filter(user__username="ann").update(role="viewer")
    asked: list[Any] = []
    page.context.on("request", lambda request: request.url.endswith("/answers/") and asked.append(request))
    first = int(shown(page))
    press_and_go(page, "2", "Enter")
    notice = page.locator("[data-matter=state]")
    expect(notice).to_contain_text("You may no longer label in this project. 1 kept in this browser, not sent.")
    with page.expect_download() as coming:
        notice.get_by_role("button", name="Download as a file").click()
    [event] = json.loads(coming.value.path().read_text())["events"]
    assert (event["task"], event["category"]) == (first, "attribute")
    assert len(asked) == 2  # what was said, and for a fresh token; it does not go on asking
    Membership.objects.filter(user__username="ann").update(role="annotator")
    page.evaluate("dispatchEvent(new Event('focus'))")
    saved(page)
    expect(notice).to_have_count(0)
    assert Label.objects.get().task_id == first
    assert "Permission denied" in live_site.news("web")


def reopened(page: Page, campaign: Campaign) -> Page:
    """The tab is closed as it is, and another one opened."""
    context = page.context
    page.close()
    again = context.new_page()
    again.goto(address(campaign))
    ready(again)
    return again


def test_what_was_chosen_and_typed_and_not_submitted_is_there_again_after_the_tab_was_closed(
    labelled: Run, enter: Callable[..., Page]
) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    first = shown(page)
    page.keyboard.press("3")
    page.keyboard.press("f")
    page.keyboard.press("n")
    page.keyboard.type("the second picture is da")
    page = reopened(page, campaign)
    assert shown(page) == first
    for name in ('[data-choose="action"]', '[data-act="flag"]', '[data-act="note"]'):
        expect(page.locator(name)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#note-text")).to_be_focused()
    expect(page.locator("#note-text")).to_have_value("the second picture is da")
    page.keyboard.press("End")
    page.keyboard.type("rk")
    press_and_go(page, "Control+Enter")
    saved(page)
    label = Label.objects.get()
    assert (label.category, label.flagged, label.note) == ("action", True, "the second picture is dark")
    second = shown(page)
    page = reopened(page, campaign)
    assert shown(page) == second  # nothing is left over
    expect(page.locator('[data-act="flag"]')).to_have_attribute("aria-pressed", "false")


def test_undo_reaches_back_over_a_closed_tab(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    seen = [shown(page)]
    for key in "23":
        press_and_go(page, key, "Enter")
        seen.append(shown(page))
    press_and_go(page, "z")
    saved(page)
    page = reopened(page, campaign)
    assert shown(page) == seen[1]  # taken back, and its choice is still there
    expect(page.locator('[data-choose="action"]')).to_have_attribute("aria-pressed", "true")
    press_and_go(page, "z")
    assert shown(page) == seen[0]
    saved(page)
    assert not Label.objects.exclude(category="").exists()


def test_a_session_that_ended_with_answers_waiting_goes_on_after_signing_in_again(
    labelled: Run, enter: Callable[..., Page], watch: Watch
) -> None:
    watch.allow("403")  # the login has changed the token; the page fetches the new one
    page = enter(parts.campaign(labelled))
    press_and_go(page, "2", "Enter")
    saved(page)
    Session.objects.all().delete()
    press_and_go(page, "3", "Enter")
    press_and_go(page, "4", "Enter")
    notice = page.locator("[data-matter=state]")
    expect(notice).to_contain_text("You are signed out. 2 waiting in this browser")
    with page.context.expect_page() as opened:
        notice.get_by_role("link", name="Sign in in a new tab").click()
    login = opened.value
    login.get_by_label("Name or email address").or_(login.locator("[name=login]")).first.fill("ann")
    login.locator("[name=password]").fill(PASSWORD)
    login.keyboard.press("Enter")
    ready(login)
    page.bring_to_front()
    saved(page)
    expect(notice).to_have_count(0)
    assert Label.objects.count() == LabelEvent.objects.count() == 3
    press_and_go(page, "5", "Enter")
    saved(page)
    assert Label.objects.count() == 4


@pytest.mark.alone
def test_a_server_killed_while_it_writes_an_answer_loses_none_and_doubles_none(
    labelled: Run, enter: Callable[..., Page], live_site: Site, watch: Watch
) -> None:
    watch.allow("ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|50[0-9]")
    page = enter(parts.campaign(labelled))
    prefetched(page, 12)
    press_and_go(page, "2", "Enter")
    saved(page)
    seen = [LabelEvent.objects.get().task_id, int(shown(page))]
    with transaction.atomic():
        Slot.objects.select_for_update().get(task=seen[1], annotator__user__username="ann")
        press_and_go(page, "3", "Enter")
        somebody_waits_for_a_lock()
        seen.append(int(shown(page)))
        press_and_go(page, "4", "Enter")
        live_site.kill("web")  # its transaction has written the event and not the slot; the rest of it was sent
    seen.append(int(shown(page)))
    press_and_go(page, "5", "Enter")
    expect(page.locator("#state-text")).to_contain_text("waiting")
    while LabelEvent.objects.count() == 1:  # PostgreSQL ends what it was sent whole, though nobody is there to hear it
        time.sleep(0.05)
    assert LabelEvent.objects.count() == 2
    live_site.start("web")
    saved(page)
    said = LabelEvent.objects.order_by("id").values_list("task_id", "state__category")
    assert list(said) == list(zip(seen, ["attribute", "action", "count", "context"], strict=True))
    assert Label.objects.filter(slot__state="answered").count() == Label.objects.count() == 4
    expect(page.locator("#progress")).to_have_text("4 of 14")


@pytest.mark.alone
def test_an_answer_that_was_written_when_the_server_was_killed_before_it_said_so_is_written_once(
    labelled: Run, enter: Callable[..., Page], live_site: Site, watch: Watch
) -> None:
    watch.allow("ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|50[0-9]")
    page = enter(parts.campaign(labelled))
    prefetched(page, 12)

    def lose(route: Route) -> None:
        route.fetch()
        live_site.kill("web")
        route.abort("connectionreset")

    page.route("**/answers/", lose, times=1)
    press_and_go(page, "2", "Enter")
    press_and_go(page, "3", "Enter")
    expect(page.locator("#state-text")).to_contain_text("2 waiting")
    assert LabelEvent.objects.count() == 1
    live_site.start("web")
    saved(page)
    assert Label.objects.count() == LabelEvent.objects.count() == 2


def somebody_waits_for_a_lock() -> None:
    with connection.cursor() as cursor:
        waiting = 0
        while not waiting:
            time.sleep(0.05)
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            (waiting,) = cursor.fetchone()


def test_two_tabs_of_one_annotator_agree_and_nothing_is_sent_twice(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    one = enter(campaign)
    sent: list[Any] = []
    one.context.on("request", lambda request: request.url.endswith("/answers/") and sent.append(request))
    two = one.context.new_page()
    two.goto(address(campaign))
    ready(two)
    assert shown(one) == shown(two)
    first = shown(one)
    press_and_go(one, "2", "Enter")
    two.wait_for_function("first => document.documentElement.dataset.shown !== first", arg=first)
    assert shown(two) == shown(one)
    saved(one)
    for tab in (one, two):
        expect(tab.locator("#progress")).to_have_text("1 of 14")
    two.bring_to_front()
    press_and_go(two, "3", "Enter")
    saved(two)
    expect(one.locator("#progress")).to_have_text("2 of 14")
    keys = [event["key"] for request in sent for event in request.post_data_json["events"]]
    assert len(keys) == len(set(keys)) == LabelEvent.objects.count() == Label.objects.count() == 2
