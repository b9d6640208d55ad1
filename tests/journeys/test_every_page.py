"""Every page that a role may open, at a phone's width in the dark and on a desk in the light: nothing hangs over.

The pages and what their addresses name come from the permission test, so a new page is here as soon as it has its row.
`NEARMISS_LOOK=folder` looks as every role and keeps a picture of each page there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext

from tests.webapp.permissions.checking import IN, expected, parts
from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World, make_world

FOLDER = os.environ.get("NEARMISS_LOOK", "")
SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "desk": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
}
ROLES = (
    ["owner", "researcher", "reviewer", "annotator", "viewer", "administrator"] if FOLDER else ["owner", "annotator"]
)
SPILLS = """() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return "";
  const over = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > edge + 1);
  return over.slice(-3).map((one) => `${one.tagName} ${one.className}`).join(", ") || "the page";
}"""


@pytest.fixture
def world(live_site: Any, no_workers: None) -> World:
    """One of every kind of object, and somebody in every role."""
    return make_world([module.build for module in parts().values() if hasattr(module, "build")])


def test_no_page_scrolls_sideways_for_anybody(
    world: World, new_context: Callable[..., BrowserContext], sign_in: Callable[..., None]
):
    spilling = {}
    for role in ROLES:
        knocker = next(one for one in world.knockers if one.name == role)
        found = list(_pages(world, knocker))
        for screen, options in SCREENS.items():
            context = new_context(**options)
            sign_in(context, knocker.user)
            for name, over in _looked_at(context, found, f"{role}-{screen}"):
                spilling[name, role, screen] = over
            context.close()
    assert spilling == {}


def _looked_at(context: BrowserContext, pages: list[tuple[str, str]], prefix: str) -> Iterator[tuple[str, str]]:
    """Goes through the pages and yields those of which something hangs over the edge, with what it is."""
    page = context.new_page()
    for name, address in pages:
        cache.clear()
        answer = page.goto(address)
        assert answer is not None and answer.status < 400, (name, address, answer and answer.status)
        if over := page.evaluate(SPILLS):
            yield name, over
        if FOLDER:
            page.wait_for_timeout(400)
            page.screenshot(path=Path(FOLDER) / f"{prefix}-{name.replace(':', '-')}.png", full_page=True)


def _pages(world: World, knocker: Knocker) -> Iterator[tuple[str, str]]:
    """Addresses that answer this person with a page of their own."""
    client = Client()
    client.force_login(knocker.user)
    rows: list[Row] = [row for module in parts().values() for row in module.ROWS]
    for row in rows:
        leaves = row.name in {"account_logout", "style"}
        if ":api_" in row.name or leaves or "GET" not in row.needs or expected(row, "GET", knocker) != IN:
            continue
        address = reverse(row.name, kwargs=row.kwargs(world, knocker))
        answer = client.get(address)
        kind = answer.headers.get("Content-Type", "")
        attached = "attachment" in answer.headers.get("Content-Disposition", "")
        whole = b"<!doctype html" in b"".join(answer)[:200].lower()
        if answer.status_code == 200 and kind.startswith("text/html") and whole and not attached:
            yield row.name, address
