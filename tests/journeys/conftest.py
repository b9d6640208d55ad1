"""What journeys of annotation start from: a campaign's ground, and browsers on its labelling page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.journeys.labelling_parts import address, ready
from tests.webapp import annotation_parts as parts
from webapp.accounts.models import User
from webapp.annotation.models import Campaign
from webapp.experiments.models import Run


@pytest.fixture
def labelled(live_site: Any, tmp_path: Path) -> Run:
    """A project with a finished run and three annotators: ann, bob and cy."""
    return parts.labelled_project(tmp_path)


@pytest.fixture
def enter(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None]) -> Callable[..., Page]:
    """`enter(campaign, "ann")`: a browser of somebody's on a campaign's labelling page, which is ready."""

    def entered(campaign: Campaign, name: str = "ann", **options: Any) -> Page:
        context = new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        sign_in(context, User.objects.get(username=name))
        page = context.new_page()
        page.goto(address(campaign))
        ready(page)
        return page

    return entered
