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
    expect(page.get_by_role("rowheader", name="k_templates")).to_be_visible()
    for plot in ("#plot-recall", "#plot-ranks"):
        page.locator(plot).scroll_into_view_if_needed()  # plots are drawn when they are looked at
        expect(page.locator(f"{plot} svg.main-svg").first).to_be_visible(timeout=30_000)
    expect(page.locator("#plot-ranks .bars .point")).not_to_have_count(0)
    _shots(page, "compare")

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


def test_many_runs_are_ordered_by_a_click_on_a_column(page: Page, runs: tuple[Run, Run], tmp_path: Path) -> None:
    before, after = runs
    corpus = before.inputs.get().corpus
    assert corpus is not None
    many = [
        answered(
            before.project, tmp_path, corpus, dict.fromkeys(range(0, 2 * count, 2), 3), title=f"Try {count}",
            spec={"k_templates": count, "pooling": "mean"}, both=False,
        )
        for count in range(2, 12)
    ]  # fmt: skip
    named = ",".join(str(run.pk) for run in (before, after, *many))
    page.goto(f"/p/{before.project.slug}/compare/?runs={named}")
    table = page.locator(".comparing-many")
    expect(table).to_be_visible(timeout=60_000)
    expect(page.locator(".verdict")).to_have_count(0)
    _shots(page, "many")
    table.get_by_role("link", name="repaired", exact=True).click()
    page.wait_for_url("**sort=-repaired**")
    expect(page.locator(".comparing-many tbody .row-link").first).to_have_text("Try 2")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_text("Runs and their settings", exact=True).first.click()  # they come when they are opened
    expect(page.get_by_role("button", name="Make baseline")).to_have_count(11)
    table.get_by_role("row", name="Try 5").get_by_role("button").click()
    page.wait_for_url("**against=**#flips")
    expect(page.locator("#flips")).to_contain_text("Try 5")


def _shots(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(700)
            page.screenshot(path=f"{SHOTS}/{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
