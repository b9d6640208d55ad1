"""Labelling in a browser: by keys alone, changing one's mind, skipping, notes, and what the server then holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import annotation_parts as parts
from webapp.accounts.models import User
from webapp.annotation.models import Campaign, Label, LabelEvent
from webapp.experiments.models import Run


@pytest.fixture
def run(live_site: Any, tmp_path: Path) -> Run:
    return parts.labelled_project(tmp_path)


@pytest.fixture
def enter(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None]) -> Callable[..., Page]:
    """A browser of somebody's on a campaign's labelling page, which is ready."""

    def entered(campaign: Campaign, name: str = "ann", **options: Any) -> Page:
        context = new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        sign_in(context, User.objects.get(username=name))
        page = context.new_page()
        page.goto(f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/")
        page.wait_for_selector("body:not([data-busy])")
        return page

    return entered


def shown(page: Page) -> str:
    return str(page.evaluate("document.documentElement.dataset.shown"))


def press_and_go(page: Page, *keys: str) -> None:
    """Presses keys; the last one leads to another item, which is there when this returns."""
    before = shown(page)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("before => document.documentElement.dataset.shown !== before", arg=before)


def saved(page: Page) -> None:
    expect(page.locator("#state-text")).to_have_text("Saved")


def test_a_share_is_labelled_by_keys_alone(run: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(run)
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


def test_undo_and_redo_reach_across_submits_and_reloads(run: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(run)
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
