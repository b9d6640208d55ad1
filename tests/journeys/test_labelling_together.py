"""Several people at once on one campaign, each in a browser of their own, until nothing is left for anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.labelling_parts import saved, shown
from tests.webapp import annotation_parts as parts
from tests.webapp import people
from webapp.annotation.models import AnalysisSet, Annotator, Campaign, Decision, Label, Slot, Task
from webapp.experiments.models import Run

# Labels what is shown until nothing is left: a key for the category, Enter, and the next is awaited.
AT_WORK = """async shift => {
    const page = document.documentElement.dataset;
    const press = code => document.body.dispatchEvent(new KeyboardEvent("keydown", {code, bubbles: true}));
    const wait = () => new Promise(done => setTimeout(done, 5));
    for (let empty = 0; empty < 600; ) {
        if (page.shown === "empty") { empty++; await wait(); continue; }  // a slow server may still bring more
        empty = 0;
        const before = page.shown;
        press(`Digit${(Number(before) + shift) % 6 + 2}`);
        press("Enter");
        for (let tries = 0; page.shown === before && tries < 1000; tries++) await wait();
        if (page.shown === before) return `stuck at ${before}`;
    }
    return "done";
}"""


NEXT_PAGE = "b => document.querySelector('input[name=key]')?.value !== b && document.readyState === 'complete'"


@pytest.fixture
def labelled(live_site: Any, tmp_path: Path) -> Run:
    return parts.labelled_project(tmp_path, pictures=16)


@pytest.mark.parametrize("mode", ["shares", "pool"])
def test_three_annotators_at_once_finish_a_campaign_of_sixty(
    labelled: Run, enter: Callable[..., Page], mode: str
) -> None:
    campaign = parts.campaign(labelled, size=60, overlap=15, backup=0, mode=mode)
    names = ("ann", "bob", "cy")
    pages = [enter(campaign, name) for name in names]
    for page, shift in zip(pages, (0, 0, 1), strict=True):
        page.evaluate(f"window.work = ({AT_WORK})({shift}); 0")
    for page in pages:
        assert page.evaluate("window.work") == "done"
        saved(page)
        expect(page.locator("#empty-title")).to_be_visible()
    _nothing_is_missing(campaign)


def test_three_annotators_and_a_reviewer_at_once_bring_sixty_samples_to_a_frozen_set(
    labelled: Run, enter: Callable[..., Page], new_context: Callable[..., BrowserContext], sign_in: Callable[..., None]
) -> None:
    """The reviewer decides by keys while the others still label, then freezes; a worker makes the set."""
    campaign = parts.campaign(labelled, size=60, overlap=15, backup=0)
    rae = people.person("rae")
    people.member(labelled.project, rae, "reviewer")
    pages = [enter(campaign, name) for name in ("ann", "bob", "cy")]
    for page, shift in zip(pages, (0, 0, 1), strict=True):
        page.evaluate(f"window.work = ({AT_WORK})({shift}); 0")
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, rae)
    reviewing = context.new_page()
    while not all(shown(page) == "empty" for page in pages):
        _decide_what_waits(reviewing, campaign)
    for page in pages:
        assert page.evaluate("window.work") == "done"
        saved(page)
    _decide_what_waits(reviewing, campaign)
    expect(reviewing.get_by_text("Nothing waits for a decision")).to_be_visible()
    _nothing_is_missing(campaign)
    overlap = Task.objects.filter(campaign=campaign, group="overlap")
    assert Decision.objects.filter(task__in=overlap).values("task").distinct().count() == 15

    reviewing.goto(f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/freeze/")
    reviewing.get_by_role("button", name="Freeze").click()
    reviewing.wait_for_url("**/sets/*/", timeout=60_000)
    expect(reviewing.get_by_role("heading", name="Failure mix").first).to_be_visible()
    expect(reviewing.get_by_text("Not enough to correct for label error")).to_be_visible()
    made = AnalysisSet.objects.get(campaign=campaign)
    assert made.item_count == 60
    assert made.summary["origins"] == {"adjudicated": 15, "single": 45}


def _decide_what_waits(page: Page, campaign: Campaign) -> None:
    """Takes the first answer that stands beside each sample, until the queue is empty: keys only."""
    page.goto(f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/review/")
    begin = page.get_by_role("link", name="Begin")
    if not begin.is_visible():
        return
    begin.click()
    while "/tasks/" in page.url:
        said = page.locator(".said [data-choose]").first.get_attribute("data-choose")
        page.wait_for_selector(".choices [data-choose]")
        digit = page.locator(f'.choices [data-choose="{said}"] kbd').inner_text()
        page.wait_for_function("() => document.querySelector('#stage figure')")  # the script is at work
        before = page.locator('input[name="key"]').get_attribute("value")
        page.keyboard.press(digit)
        expect(page.locator(f'.choices [data-choose="{said}"]')).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Enter")
        page.wait_for_function(NEXT_PAGE, arg=before)


def _nothing_is_missing(campaign: Campaign) -> None:
    assert not Slot.objects.filter(campaign=campaign).exclude(state="answered").exists()
    labels = Label.objects.filter(campaign=campaign)
    assert labels.count() == labels.values("slot").distinct().count() == 45 + 3 * 15
    per_task = Counter(labels.values("task").annotate(n=Count("id")).values_list("n", flat=True))
    assert per_task == {1: 45, 3: 15}
    for who in Annotator.objects.filter(campaign=campaign):
        assert who.labels.count() == who.held
