"""Hands and eyes on the labelling page, for journeys."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from webapp.annotation.models import Campaign


def address(campaign: Campaign) -> str:
    return f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/"


def ready(page: Page) -> None:
    page.wait_for_selector("body:not([data-busy])")


def shown(page: Page) -> str:
    """The id of the task on the page, or "empty"."""
    return str(page.evaluate("document.documentElement.dataset.shown"))


def press_and_go(page: Page, *keys: str) -> None:
    """Presses keys; the last one leads to another item, which is there when this returns."""
    before = shown(page)
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_function("before => document.documentElement.dataset.shown !== before", arg=before)


def saved(page: Page) -> None:
    expect(page.locator("#state")).to_have_attribute("data-state", "saved", timeout=15_000)


def prefetched(page: Page, count: int) -> None:
    """Waits until that many pictures are kept in the page."""
    page.wait_for_function(
        "count => performance.getEntriesByType('resource').filter(e => e.name.includes('/pictures/') && e.responseEnd)"
        ".length >= count",
        arg=count,
    )
