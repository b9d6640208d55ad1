"""Confirmatory mode in a browser: register, look, keep the comparison as one file, check it somewhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, expect

from tests.webapp import people
from tests.webapp.case_parts import drawn
from tests.webapp.test_verdicts_claims import signed
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import User
from webapp.corpora.models import Corpus
from webapp.experiments.models import Run

SHOTS = os.environ.get("NEARMISS_SHOTS_TO", "")
WRONG = {number: 2 + number % 5 for number in range(0, 40, 2)}


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def baseline(olga: User, tmp_path: Path) -> Run:
    corpus = drawn(people.project("Kitchen", olga), "scenes:12?seed=3&size=96")
    return signed(answered(corpus.project, tmp_path, corpus, WRONG, title="Plain captions", spec={"seed": 0}))


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    sign_in(context, olga)
    return context.new_page()


def test_a_registered_comparison_is_confirmed_and_its_claim_verifies_elsewhere(
    page: Page, baseline: Run, tmp_path: Path
) -> None:
    home = f"/p/{baseline.project.slug}"
    page.goto(f"{home}/registrations/")
    _shots(page, "registrations-empty")
    page.get_by_role("link", name="Register a comparison").click()
    page.get_by_label("What is expected").fill("Another seed finds two points more")
    page.get_by_label("Method of the new run").select_option("retrieval.evaluate")
    page.get_by_label("Its settings").fill("seed = 1")
    page.get_by_label("Smallest effect of interest").fill("2")
    page.get_by_label("When to stop").fill("One run on every caption.")
    page.get_by_label("Expected to break").fill("1")
    page.get_by_label("When to stop").press("Tab")
    expect(page.locator("#power .power-facts")).to_be_visible(timeout=30_000)  # a worker counts meanwhile
    _shots(page, "registration-new")
    page.get_by_role("button", name="Register for good").click()
    expect(page.get_by_role("heading", name="Another seed finds two points more")).to_be_visible()
    expect(page.get_by_text("None yet.")).to_be_visible()

    corpus = Corpus.objects.get(project=baseline.project)
    after = signed(answered(baseline.project, tmp_path, corpus, {2: 3}, title="Another seed", spec={"seed": 1}))
    page.reload()
    _shots(page, "registration")
    page.get_by_role("link", name="See the comparison").click()
    expect(page.locator(".mode-confirmatory")).to_be_visible(timeout=30_000)
    expect(page.locator(".mode")).to_contain_text("Confirmed")
    expect(page.locator(".verdict .tag")).to_have_text("confirmatory")
    _shots(page, "compare-confirmatory")

    page.get_by_role("button", name="Claim bundle").click()
    expect(page.get_by_role("heading", name="Check it")).to_be_visible(timeout=60_000)
    _shots(page, "claim")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    bundle = tmp_path / started.value.suggested_filename
    started.value.save_as(bundle)
    answer = _verified(bundle, tmp_path)
    assert answer.returncode == 0, answer.stderr
    page.get_by_role("link", name="Claims").first.click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text(f"Another seed · {after.pk}")
    _shots(page, "claims")


def test_a_phone_shows_registrations_and_claims_without_scrolling_sideways(page: Page, baseline: Run) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    home = f"/p/{baseline.project.slug}"
    for place in ("registrations/", "registrations/new/", "claims/"):
        page.goto(f"{home}/{place}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place


def _verified(bundle: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ml_core", "claims.verify", f"bundle={bundle}", f"out={folder / 'checked'}"]
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(command, cwd=settings.ROOT, env=bare, capture_output=True, text=True, check=False)


def _shots(page: Page, name: str) -> None:
    if not SHOTS:
        return
    for scheme in ("light", "dark"):
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(500)
            page.screenshot(path=f"{SHOTS}/{name}-{scheme}-{width}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
