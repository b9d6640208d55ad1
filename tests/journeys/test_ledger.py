"""The failure ledger in a browser: repaired, broken and unlabelled, and one click that has the broken ones labelled."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import people
from tests.webapp.case_parts import drawn
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import User
from webapp.annotation.campaigns.actions import open_campaign
from webapp.annotation.labelling.actions import Answer, record_answers
from webapp.annotation.models import Annotator, Campaign, Slot
from webapp.annotation.taxonomies.actions import default_version
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run

SHOTS = os.environ.get("NEARMISS_SHOTS_TO", "")
WRONG = {number: 2 + number % 5 for number in range(0, 50, 2)}
KEYS = ("attribute", "object", "spatial", "count", "context")


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def runs(olga: User, tmp_path: Path) -> list[Run]:
    """A baseline whose failures are labelled, and three fixes."""
    project = people.project("Kitchen", olga)
    people.member(project, people.person("ann"), "annotator")
    corpus = drawn(project, "scenes:12?seed=3&size=96")
    found = [answered(project, tmp_path, corpus, WRONG, title="Plain captions", spec={"k_templates": 1})]
    for title, spared, broken in (
        ("Eight templates", 14, (1, 3, 5)), ("Re-ranked by words", 30, (5, 7)), ("Both together", 40, ()),
    ):  # fmt: skip
        left = {number: rank for number, rank in WRONG.items() if number >= spared} | dict.fromkeys(broken, 2)
        found.append(answered(project, tmp_path, corpus, left, title=title, spec={"k_templates": 8, "note": title}))
    now = timezone.now()
    campaign = open_campaign(
        project=project, name="First look", run=found[0], filters=Filters(),
        annotators=[User.objects.get(username="ann")],
        taxonomy_version=default_version(project=project, now=now), size=25, overlap=0, backup=0, actor=olga, now=now,
    )  # fmt: skip
    _label(campaign)
    return found


def _label(campaign: Campaign) -> None:
    for who in Annotator.objects.select_related("campaign").filter(campaign=campaign):
        slots = Slot.objects.filter(annotator=who, state="open").select_related("task")
        events = [
            Answer(uuid.uuid4(), slot.task_id, "answer", category=KEYS[slot.task.position % len(KEYS)])
            for slot in slots
        ]
        record_answers(annotator=who, events=events, source="page", now=timezone.now())


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, olga)
    return context.new_page()


def test_what_a_fix_broke_is_labelled_by_one_click_and_then_the_net_stands(page: Page, runs: list[Run]) -> None:
    fix = runs[1]
    page.goto(f"/p/{fix.project.slug}/")
    page.get_by_role("link", name="Ledger").click()
    line = page.locator(".ledger-matrix tbody tr").first
    expect(line).to_contain_text("7 repaired", timeout=60_000)  # a worker counts meanwhile
    expect(line).to_contain_text("3 broken")
    expect(line).to_contain_text("3 of the 3 broken queries have no label")
    _shots(page, "ledger")

    line.get_by_role("button", name="Label the broken ones").click()
    page.wait_for_url("**/campaigns/*/")
    campaign = Campaign.objects.get(run=fix)
    assert campaign.blind and campaign.population == 3
    _label(campaign)
    page.goto(f"/p/{fix.project.slug}/ledger/")
    expect(line).not_to_contain_text("wants", timeout=60_000)
    expect(line.locator(".ledger-net .number").first).to_be_visible()
    _shots(page, "ledger-labelled")

    line.get_by_role("link", name="3 broken").click()
    page.wait_for_url("**change=broken**")
    expect(page.locator(".ledger-failure")).to_have_count(3, timeout=60_000)
    page.locator(".ledger-failure a", has_text="Case").first.click()
    page.wait_for_url(f"**/runs/{runs[-1].pk}/cases/*/**")


def test_a_phone_shows_the_ledger_without_scrolling_sideways(page: Page, runs: list[Run]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/p/{runs[0].project.slug}/ledger/")
    expect(page.locator(".ledger-failure").first).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
