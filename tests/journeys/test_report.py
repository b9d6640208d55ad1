"""A report in a browser: made from a comparison, kept, printed whole on A4 and Letter, handed on as one file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import annotation_parts
from tests.webapp.test_annotation_sets import label_all
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import User
from webapp.annotation.models import Campaign
from webapp.annotation.sets.actions import ask_to_freeze
from webapp.corpora.models import Corpus
from webapp.experiments.models import Run

SHOTS = os.environ.get("NEARMISS_SHOTS_TO", "")
PAPER = {"A4": 688, "Letter": 710}  # pixels between the margins
CUT = """() => [...document.querySelectorAll(".report table, .report .facts, .report .slide, .report h2")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((one) => `${one.tagName} ${one.className}: ${one.textContent.slice(0, 60)}`)"""


@pytest.fixture
def loop(live_site: Any, tmp_path: Path) -> tuple[Campaign, Run]:
    """A labelled campaign that is frozen by the worker, and a run that repairs most and breaks two."""
    campaign = annotation_parts.campaign(annotation_parts.labelled_project(tmp_path))
    label_all(campaign)
    owner = User.objects.get(username="owner")
    ask_to_freeze(campaign=campaign, name="", rule="majority", incomplete=False, actor=owner, now=timezone.now())
    corpus = Corpus.objects.get(project=campaign.project)
    ranks = {0: 3, 13: 2} | dict.fromkeys(range(1, 60, 7), 4)
    spec = {"k_templates": 8, "templates": "mixed", "pooling": "logsumexp", "seed": 0}
    return campaign, answered(campaign.project, tmp_path, corpus, ranks, title="Eight templates", spec=spec)


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], loop: tuple[Campaign, Run]) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    sign_in(context, User.objects.get(username="owner"))
    return context.new_page()


def test_a_report_is_made_from_a_comparison_printed_and_handed_on(
    page: Page, loop: tuple[Campaign, Run], new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    campaign, fix = loop
    _until_frozen(page, campaign)
    page.goto(f"/p/{campaign.project.slug}/compare/?runs={campaign.run_id},{fix.pk}")
    expect(page.locator(".verdict")).to_have_count(1, timeout=60_000)
    net = page.locator(".verdict .number-value").inner_text()
    page.get_by_role("link", name="Report", exact=True).click()
    expect(page.get_by_role("heading", name="The verdict")).to_be_visible(timeout=60_000)
    page.get_by_label("Title").fill("Eight templates repair captions")
    page.get_by_label("In your words").fill("Every caption was put into eight sentences.\n\nNext: words.")
    page.get_by_role("button", name="Keep the report").click()
    page.wait_for_url(re.compile(r".*/reports/\d+/$"))
    assert page.locator(".report-headline .number-value").inner_text() == net
    expect(page.locator(".report-example")).to_have_count(6)
    _shots(page, "report")
    _prints_whole(page, tmp_path)

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    path = tmp_path / "report.html"
    waiting.value.save_as(path)
    _stands_alone(path, new_context)


def test_a_phone_shows_a_report_without_scrolling_sideways(page: Page, loop: tuple[Campaign, Run]) -> None:
    campaign, fix = loop
    _until_frozen(page, campaign)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"/p/{campaign.project.slug}/reports/new/?runs={campaign.run_id},{fix.pk}")
    expect(page.get_by_role("heading", name="The verdict")).to_be_visible(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def _until_frozen(page: Page, campaign: Campaign) -> None:
    page.goto(f"/p/{campaign.project.slug}/sets/")
    for _ in range(60):
        if page.locator(".table tbody tr").count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError("the set was not frozen")


def _prints_whole(page: Page, folder: Path) -> None:
    """On either paper nothing goes over the edge, nothing of the site's own frame stands, and pages are few."""
    page.emulate_media(media="print")
    for paper, width in PAPER.items():
        page.set_viewport_size({"width": width, "height": 1000})
        assert page.evaluate(CUT) == [], paper
        for name in (".top", ".foot", ".crumbs", ".page-head-action", ".disclosure"):
            assert not page.locator(name).first.is_visible(), name
        data = page.pdf(format=paper, path=Path(SHOTS or folder) / f"report-{paper}.pdf")
        pages = len(re.findall(rb"/Type\s*/Page\b", data))
        assert 2 <= pages <= 6, (paper, pages)
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 1440, "height": 900})


def _stands_alone(path: Path, new_context: Callable[..., BrowserContext]) -> None:
    """The file asks nothing of anybody and shows every picture."""
    context = new_context()
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(path.as_uri())
    expect(alone.get_by_role("heading", name="Eight templates repair captions")).to_be_visible()
    assert alone.evaluate("[...document.images].every((one) => one.complete && one.naturalWidth > 0)")
    assert alone.evaluate("document.images.length") == 18
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    if SHOTS:
        alone.set_viewport_size({"width": 1000, "height": 900})
        alone.screenshot(path=f"{SHOTS}/report-alone.png", full_page=True)


def _shots(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(400)
            page.screenshot(path=f"{SHOTS}/{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
