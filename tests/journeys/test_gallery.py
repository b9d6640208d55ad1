"""Looking through failures in a browser: narrowing, opening a case, walking by keys, the loupe. On real pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import people
from tests.webapp.case_parts import evaluated
from webapp.accounts.models import User
from webapp.experiments.models import Run


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def run(olga: User, tmp_path: Path) -> Run:
    return evaluated(people.project("Kitchen", olga), tmp_path, pictures=int(os.environ.get("NEARMISS_SHOTS", "12")))


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, olga)
    return context.new_page()


def test_failures_are_narrowed_opened_and_walked_through_by_keys(page: Page, run: Run) -> None:
    here = f"/p/{run.project.slug}/runs/{run.pk}/cases/"
    page.goto(f"/p/{run.project.slug}/failures/")
    page.wait_for_url(f"**{here}")
    expect(page.locator(".case")).to_have_count(24)
    page.locator(".case img").first.scroll_into_view_if_needed()
    page.wait_for_function("() => [...document.querySelectorAll('.case img')].slice(0, 4).every(i => i.naturalWidth)")

    page.get_by_label("Rank", exact=True).select_option("2-5")  # sends the form by itself
    page.wait_for_url("**rank=2-5**")
    page.reload()
    expect(page.get_by_label("Rank", exact=True)).to_have_value("2-5")
    assert "category=" not in page.url  # what is empty stays out of the address

    page.locator(".case-pair").first.click()
    page.wait_for_url("**/cases/*/?*rank=2-5*")
    first = page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != first)
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(first)
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{here}?*rank=2-5*")


def test_the_loupe_looks_at_the_same_place_in_both_pictures(page: Page, run: Run) -> None:
    page.goto(f"/p/{run.project.slug}/runs/{run.pk}/cases/1/")
    windows = page.locator(".case-stage .slide-window")
    page.wait_for_function("() => [...document.querySelectorAll('.case-stage img')].every(i => i.naturalWidth > 0)")
    windows.first.click()
    expect(page.locator(".lens")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator(".lens")).to_have_count(0)


def test_without_scripts_the_filters_still_work(
    new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User, run: Run
) -> None:
    context = new_context(java_script_enabled=False)
    sign_in(context, olga)
    page = context.new_page()
    page.goto(f"/p/{run.project.slug}/runs/{run.pk}/cases/")
    page.get_by_label("Show").first.select_option("hits")
    page.get_by_role("button", name="Show").click()
    assert "outcome=hits" in page.url
    expect(page.locator(".slide-label", has_text="Runner-up").first).to_be_visible()
