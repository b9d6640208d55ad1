"""A reviewer at the light table: keys decide, a reason is typed without deciding, the next sample follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import annotation_parts as parts
from tests.webapp import people
from tests.webapp.test_annotation_sets import label_all
from webapp.accounts.models import User
from webapp.annotation.models import Campaign, Decision
from webapp.annotation.review import queueing

NEXT = "before => document.querySelector('input[name=key]')?.value !== before && document.readyState === 'complete'"


@pytest.fixture
def campaign(live_site: Any, tmp_path: Path) -> Campaign:
    made = parts.campaign(parts.labelled_project(tmp_path))
    label_all(made)
    people.member(made.project, people.person("rae"), "reviewer")
    return made


@pytest.fixture
def page(campaign: Campaign, new_context: Callable[..., BrowserContext], sign_in: Callable[..., None]) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, User.objects.get(username="rae"))
    made = context.new_page()
    made.goto(f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/review/")
    made.get_by_role("link", name="Begin").click()
    made.wait_for_selector("#stage figure")
    return made


def test_keys_typed_into_a_reason_decide_nothing(campaign: Campaign, page: Page) -> None:
    page.keyboard.press("Digit1")
    chosen = page.locator('input[name="category"]').input_value()
    page.keyboard.press("r")
    page.keyboard.type("3 qw")
    expect(page.locator("#reason")).to_have_value("3 qw")
    expect(page.locator('input[name="category"]')).to_have_value(chosen)
    before = page.locator('input[name="key"]').input_value()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(NEXT, arg=before)
    made = Decision.objects.get(campaign=campaign)
    assert (made.category, made.reason) == (chosen, "3 qw")


def test_enter_decides_and_leads_on_and_arrows_look_around(campaign: Campaign, page: Page) -> None:
    waiting = queueing.queue(campaign)
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/tasks/{waiting[1].id}/")
    page.wait_for_selector("#stage figure")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(f"**/tasks/{waiting[0].id}/")
    page.wait_for_selector("#stage figure")
    page.locator(".said [data-choose]").first.click()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/tasks/{waiting[1].id}/")
    assert Decision.objects.get(campaign=campaign).task_id == waiting[0].id


def test_a_question_mark_shows_the_keys_and_nothing_is_decided_behind_them(campaign: Campaign, page: Page) -> None:
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    expect(sheet.locator(".keys-row", has_text="Decide and next").locator("kbd")).to_have_text("↵")
    expect(sheet.locator(".keys-row", has_text="Reason").locator("kbd")).to_have_text("R")
    assert sheet.locator(".keys-row").count() >= 7 + 2 + 8
    page.keyboard.press("Digit1")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator('input[name="category"]')).to_have_value("")
    page.locator('[data-act="help"]').click()
    expect(sheet).to_be_visible()
