"""Three people at once on one campaign, each in a browser of their own, until nothing is left for anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count
from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import saved
from tests.webapp import annotation_parts as parts
from webapp.annotation.models import Annotator, Campaign, Label, Slot
from webapp.experiments.models import Run

# Labels what is shown until nothing is left: a key for the category, Enter, and the next is awaited.
AT_WORK = """async shift => {
    const page = document.documentElement.dataset;
    const press = code => document.body.dispatchEvent(new KeyboardEvent("keydown", {code, bubbles: true}));
    const wait = () => new Promise(done => setTimeout(done, 5));
    while (page.shown !== "empty") {
        const before = page.shown;
        press(`Digit${(Number(before) + shift) % 6 + 2}`);
        press("Enter");
        for (let tries = 0; page.shown === before && tries < 1000; tries++) await wait();
        if (page.shown === before) return `stuck at ${before}`;
    }
    return "done";
}"""


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


def _nothing_is_missing(campaign: Campaign) -> None:
    assert not Slot.objects.filter(campaign=campaign).exclude(state="answered").exists()
    labels = Label.objects.filter(campaign=campaign)
    assert labels.count() == labels.values("slot").distinct().count() == 45 + 3 * 15
    per_task = Counter(labels.values("task").annotate(n=Count("id")).values_list("n", flat=True))
    assert per_task == {1: 45, 3: 15}
    for who in Annotator.objects.filter(campaign=campaign):
        assert who.labels.count() == who.held
