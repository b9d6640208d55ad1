"""The categories change while somebody labels: the page follows and keeps what was chosen; a refusal is told of."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import press_and_go, ready, saved, shown
from tests.webapp import annotation_parts as parts
from tests.webapp.test_annotation_labelling_versions import colour, use, version_with
from webapp.annotation.models import Campaign, Label
from webapp.experiments.models import Run


def test_an_open_page_takes_over_new_categories_and_keeps_what_is_chosen(
    labelled: Run, enter: Callable[..., Page]
) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    use(campaign, version_with(campaign, colour()))
    press_and_go(page, "2", "Enter")
    page.keyboard.press("3")
    expect(page.locator("[data-matter=taxonomy]")).to_contain_text("What you chose stays chosen.")
    expect(page.locator('[data-choose="action"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#choices .choice")).to_have_count(8)
    last = int(shown(page))
    press_and_go(page, "8", "Enter")
    saved(page)
    assert Label.objects.get(task=last).category == "colour"


def test_what_was_refused_comes_up_again_and_is_named_until_it_is_settled(
    labelled: Run, enter: Callable[..., Page]
) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    first = shown(page)
    Campaign.objects.filter(pk=campaign.pk).update(taxonomy_version=version_with(campaign, drop=2))
    press_and_go(page, "2", "Enter")
    notice = page.locator(f"[data-matter=refused-{first}]")
    expect(notice).to_contain_text("There is no category “attribute” in this campaign. It comes up again.")
    expect(page.locator("#choices .choice")).to_have_count(5)
    expect(page.locator("#progress")).to_have_text("0 of 14")
    page.reload()
    ready(page)
    expect(notice).to_contain_text("Not accepted")
    assert shown(page) == first
    press_and_go(page, "4", "Enter")
    saved(page)
    expect(notice).to_have_count(0)
    assert Label.objects.get(task=int(first)).category == "count"
    page.reload()
    ready(page)
    expect(page.locator("#progress")).to_have_text("1 of 14")
    expect(notice).to_have_count(0)


def test_what_was_refused_is_the_next_item(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    first = shown(page)
    Campaign.objects.filter(pk=campaign.pk).update(taxonomy_version=version_with(campaign, drop=2))
    press_and_go(page, "2", "Enter")
    expect(page.locator(f"[data-matter=refused-{first}]")).to_be_visible()
    press_and_go(page, "5", "Enter")
    assert shown(page) == first
