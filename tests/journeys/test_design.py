"""What scripts add to every page, in a browser under the real policy: plots and their files, light, menus, dialogs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import people
from webapp.accounts.models import User
from webapp.experiments.models import Metric, Run

DRAWN = "[data-plot][data-drawn]"


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def run(olga: User) -> Run:
    """A run with a curve."""
    made = Run.objects.create(
        project=people.project("Kitchen", olga), method="contrastive.train", title="Training", spec={}, fingerprint="",
        queue="cpu", state="succeeded", created_at=timezone.now(),
    )  # fmt: skip
    points = [Metric(run=made, name="train/loss", step=step, value=2.0 / (1 + step)) for step in range(12)]
    Metric.objects.bulk_create(points)
    return made


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User) -> Page:
    context = new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    sign_in(context, olga)
    return context.new_page()


@pytest.fixture
def at_run(page: Page, run: Run) -> Page:
    page.goto(f"/p/{run.project.slug}/runs/{run.pk}/")
    return page


def test_a_plot_is_drawn_under_the_policy_and_again_when_the_light_changes(at_run: Page) -> None:
    at_run.locator("[data-plot]").first.scroll_into_view_if_needed()
    at_run.wait_for_selector(DRAWN)
    line = at_run.locator(f"{DRAWN} .scatterlayer path.js-line").last
    before = line.get_attribute("style")
    at_run.get_by_role("button", name="Dark").click()
    expect(line).not_to_have_attribute("style", before or "")
    at_run.reload()
    expect(at_run.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_plot_gives_its_numbers_and_pictures_as_files(at_run: Page, run: Run, tmp_path: Path) -> None:
    at_run.locator("[data-plot]").first.scroll_into_view_if_needed()
    at_run.wait_for_selector(DRAWN)
    saved = {}
    for format in ("csv", "svg", "png"):
        with at_run.expect_download() as download:
            at_run.locator(f'[data-plot-file="{format}"]').first.click()
        saved[format] = tmp_path / f"plot.{format}"
        download.value.save_as(saved[format])
    lines = saved["csv"].read_text().splitlines()
    assert len(lines) == 13 and [float(value) for value in lines[1].split(",")[:2]] == [0.0, 2.0]
    assert saved["svg"].read_text().startswith("<svg")
    assert saved["png"].read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_undone_is_asked_first(at_run: Page, run: Run) -> None:
    at_run.locator(".page-head summary").click()
    at_run.get_by_role("button", name="Delete", exact=True).click()
    dialog = at_run.locator("#confirm")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert Run.objects.filter(pk=run.pk).exists()


def test_escape_closes_a_menu_and_gives_the_focus_back(at_run: Page) -> None:
    summary = at_run.locator(".page-head summary")
    summary.focus()
    at_run.keyboard.press("Enter")
    at_run.keyboard.press("ArrowDown")
    expect(at_run.locator(".menu-sheet :focus")).to_have_count(1)
    at_run.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(at_run.locator(".page-head .menu-sheet")).to_be_hidden()


def test_the_first_stop_of_the_keyboard_leads_past_the_bar(at_run: Page) -> None:
    at_run.keyboard.press("Tab")
    expect(at_run.locator(".skip")).to_be_focused()
    at_run.keyboard.press("Enter")
    expect(at_run.locator("#main")).to_be_focused()


def test_a_form_that_is_wrong_comes_back_with_the_focus_on_its_first_wrong_field(
    new_context: Callable[..., BrowserContext], olga: User
) -> None:
    page = new_context().new_page()
    page.goto("/account/login/")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.locator("[data-error-summary]")).to_be_visible()
    expect(page.locator('[aria-invalid="true"]').first).to_be_focused()
