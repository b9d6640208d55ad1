"""Comparing runs in a browser: ticking two on the list, waiting for the worker, the verdict, a kind of flips."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import people
from tests.webapp.case_parts import drawn
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import User
from webapp.experiments.models import Run

SHOTS = os.environ.get("NEARMISS_SHOTS_TO", "")


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def runs(olga: User, tmp_path: Path) -> tuple[Run, Run]:
    project = people.project("Kitchen", olga)
    corpus = drawn(project, "scenes:12?seed=3&size=96")
    wrong = {number: 2 + number % 5 for number in range(0, 30, 2)}
    before = answered(project, tmp_path, corpus, wrong, title="Plain captions", spec={"k_templates": 1})
    fewer = {number: rank for number, rank in wrong.items() if number > 12} | {1: 4}
    after = answered(project, tmp_path, corpus, fewer, title="Eight templates", spec={"k_templates": 8})
    return before, after


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, olga)
    return context.new_page()


def test_two_runs_are_ticked_compared_and_their_broken_queries_opened(page: Page, runs: tuple[Run, Run]) -> None:
    before, after = runs
    page.goto(f"/p/{before.project.slug}/runs/")
    page.get_by_label("Compare Plain captions").check()
    page.get_by_label("Compare Eight templates").check()
    page.get_by_role("button", name="Compare the ticked runs").click()
    page.wait_for_url("**/compare/?*")
    page.goto(f"/p/{before.project.slug}/compare/?runs={before.pk},{after.pk}")
    expect(page.locator(".verdict")).to_have_count(1, timeout=30_000)  # a worker counts meanwhile
    expect(page.locator(".verdict-cell-repaired strong")).to_have_text("7")
    expect(page.locator(".verdict-cell-broken strong")).to_have_text("1")
    expect(page.get_by_role("columnheader", name="k_templates")).to_be_visible()
    _shots(page)

    page.locator(".verdict-cell-broken a").click()
    page.wait_for_url("**flips=broken**")
    expect(page.locator(".flip")).to_have_count(1)
    page.reload()
    expect(page.locator(".flip")).to_have_count(1)


def test_a_phone_shows_the_comparison_without_scrolling_sideways(page: Page, runs: tuple[Run, Run]) -> None:
    before, after = runs
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/p/{before.project.slug}/compare/?runs={before.pk},{after.pk}")
    expect(page.locator(".verdict")).to_have_count(1, timeout=30_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _shots(page: Page) -> None:
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(700)
            page.screenshot(path=f"{SHOTS}/compare-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
