"""Nothing said is lost and nothing stored twice: no network, no session, a closed tab, a dead server, two tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import address, prefetched, press_and_go, ready, saved, shown
from tests.parts.site import Site, Watch
from tests.webapp import annotation_parts as parts
from tests.webapp.people import PASSWORD
from webapp.annotation.models import Label, LabelEvent
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


def test_a_server_that_is_killed_and_comes_back_loses_nothing(
    labelled: Run, enter: Callable[..., Page], live_site: Site, watch: Watch
) -> None:
    watch.allow("ERR_CONNECTION|ERR_EMPTY|ERR_SOCKET|50[0-9]")
    page = enter(parts.campaign(labelled))
    prefetched(page, 12)
    press_and_go(page, "2", "Enter")
    live_site.stop("web")
    for key in "345":
        press_and_go(page, key, "Enter")
    expect(page.locator("#state-text")).to_contain_text("waiting")
    live_site.start("web")
    saved(page)
    assert Label.objects.count() == LabelEvent.objects.count() == 4


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
