"""The agreement page in a browser: it waits for the worker by itself, draws its plots, and a cell leads to samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, expect

from tests.webapp import annotation_parts as parts
from tests.webapp.test_annotation_sets import label_all
from webapp.accounts.models import User
from webapp.experiments.models import Run


def test_the_report_comes_by_itself_and_a_cell_leads_to_its_samples(
    labelled: Run, new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], live_site: Any
) -> None:
    campaign = parts.campaign(labelled)
    label_all(campaign)
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, User.objects.get(username="owner"))
    page = context.new_page()
    page.goto(f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/agreement/")
    expect(page.get_by_text("Krippendorff's α")).to_be_visible(timeout=30_000)  # a real worker has counted
    page.locator("#plot-leaning").scroll_into_view_if_needed()
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=20_000)
    cell = page.locator(".confusion a").first
    count = int(cell.inner_text())
    cell.click()
    page.wait_for_url("**/tasks/?a=*")
    expect(page.locator(".sample-card")).to_have_count(count)
