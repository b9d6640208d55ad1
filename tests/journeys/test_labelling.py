"""Labelling in a browser: by keys alone, changing one's mind, skipping, notes, and what the server then holds."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import press_and_go, ready, saved, shown
from tests.webapp import annotation_parts as parts
from webapp.accounts.models import User
from webapp.annotation.campaigns import staff
from webapp.annotation.models import Label, LabelEvent, Reminder
from webapp.experiments.models import Run


def test_a_share_is_labelled_by_keys_alone(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    expect(page.locator("#progress")).to_have_text("0 of 14")
    page.keyboard.press("Enter")  # nothing is chosen: nothing happens
    page.keyboard.press("Backspace")
    assert not LabelEvent.objects.exists()
    first = shown(page)
    press_and_go(page, "2", "Enter")
    press_and_go(page, "1", "q", "Enter")
    third = shown(page)
    page.keyboard.press("n")
    page.keyboard.type("7 the 2nd picture is dark")  # no key works while a text field has the focus
    assert shown(page) == third
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    press_and_go(page, "7", "Enter")
    page.keyboard.press("s")
    press_and_go(page, "3")
    for _ in range(10):
        press_and_go(page, "4", "Enter")
    expect(page.locator("#empty-title")).to_have_text("You have labelled your whole share.")
    saved(page)
    labels = Label.objects.filter(annotator__user__username="ann")
    assert labels.count() == 14
    assert labels.get(task=int(first)).category == "attribute"
    assert labels.get(task=int(first)).first_choice_ms is not None
    noted = labels.get(task=int(third))
    assert (noted.note, noted.flagged, noted.category) == ("7 the 2nd picture is dark", True, "object")
    assert labels.filter(category="ambiguous", subtype="underspecified").count() == 1
    assert labels.filter(skip_reason="unclear").count() == 1
    assert labels.filter(slot__isnull=True).count() == 0


def test_a_reminder_appears_while_somebody_labels_and_is_gone_once_it_was_seen(
    labelled: Run, enter: Callable[..., Page]
) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    ann, owner = parts.annotator(campaign, "ann"), User.objects.get(username="owner")
    staff.remind(annotator=ann, text="By Friday, please", actor=owner, now=timezone.now())
    with page.expect_response("**/lease/"):
        press_and_go(page, "2", "Enter")
    notice = page.locator("[data-matter=reminder]")
    expect(notice).to_contain_text("By Friday, please – owner")
    press_and_go(page, "3", "Enter")
    saved(page)
    expect(notice).to_be_visible()  # until it is closed
    assert Reminder.objects.get().shown_at is not None
    page.reload()
    ready(page)
    expect(notice).to_have_count(0)


def test_redo_has_a_button_and_a_key_of_its_own_that_can_be_changed(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    doing = page.locator(".doing")
    assert doing.evaluate("box => box.scrollWidth <= box.clientWidth && box.getBoundingClientRect().right <= 390")
    first = shown(page)
    press_and_go(page, "2", "Enter")
    second = shown(page)
    for act, arrives in (("undo", first), ("redo", second)):
        page.locator(f'.doing [data-act="{act}"]').tap()
        page.wait_for_function("task => document.documentElement.dataset.shown === task", arg=arrives)
    press_and_go(page, "z")
    press_and_go(page, "y")
    assert shown(page) == second
    page.keyboard.press("?")
    row = page.locator(".keys-row", has_text="Redo")
    expect(row).to_contain_text("⇧Z")
    row.locator("[data-change=redo]").click()
    page.keyboard.press("r")
    expect(row.locator("kbd")).to_have_text("R")
    page.keyboard.press("Escape")
    press_and_go(page, "z")
    press_and_go(page, "r")
    saved(page)
    assert parts.annotator(campaign, "ann").keys["redo"] == "KeyR"
    assert Label.objects.get(task=int(first)).category == "attribute"


def test_undo_and_redo_reach_across_submits_and_reloads(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    first = shown(page)
    press_and_go(page, "2", "Enter")
    second = shown(page)
    press_and_go(page, "3", "Enter")
    press_and_go(page, "z")
    assert shown(page) == second
    press_and_go(page, "z")
    assert shown(page) == first
    saved(page)
    assert not Label.objects.exclude(category="").exists()
    press_and_go(page, "Shift+z")
    press_and_go(page, "Shift+z")
    saved(page)
    assert Label.objects.get(task=int(second)).category == "action"
    page.reload()
    page.wait_for_selector("body:not([data-busy])")
    press_and_go(page, "z")
    assert shown(page) == second
    press_and_go(page, "5", "Enter")
    saved(page)
    assert Label.objects.get(task=int(second)).category == "context"
    press_and_go(page, "ArrowLeft")
    press_and_go(page, "ArrowLeft")
    expect(page.locator("#was")).to_contain_text("Attribute")
    press_and_go(page, "6", "Enter")
    saved(page)
    assert Label.objects.get(task=int(first)).category == "spatial"
    assert LabelEvent.objects.filter(task_id=int(first)).count() == 4
