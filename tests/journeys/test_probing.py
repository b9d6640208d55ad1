"""Trying captions on a case in a browser, answered by the real worker with a real encoder in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Locator, Page, expect

from ml_core.events import Provenance
from ml_core.methods.retrieval_evaluate import RetrievalEvaluate
from ml_core.retrieval.evaluate import run as evaluate
from ml_core.spec import Context
from tests.parts.site import Watch
from tests.tiny_models import tiny_clip
from tests.webapp import people
from tests.webapp.case_parts import drawn
from webapp.accounts.models import User
from webapp.experiments.case_loading import load_cases
from webapp.experiments.models import Case, Probe, RegisteredModel, Run, RunInput

PATIENT = 120_000  # the first caption waits for torch and the encoder, on a busy machine for long
SCENES = "scenes:40?seed=3&size=160"
SHOTS = os.environ.get("NEARMISS_SHOTS_TO", "")


@pytest.fixture
def olga(live_site: Any) -> User:
    return people.person("olga")


@pytest.fixture
def run(olga: User, tmp_path: Path) -> Run:
    """An evaluation of drawn scenes by a tiny CLIP, with what it left in the site's store."""
    project = people.project("Kitchen", olga)
    spec = RetrievalEvaluate(data=SCENES, encoder=f"hf:{tiny_clip()}", resamples=100)
    said = list(evaluate(spec, Context(out=tmp_path, cache=str(settings.NEARMISS_STORE))))
    facts = {name: fact for event in said if isinstance(event, Provenance) for name, fact in event.facts.items()}
    model = {"name": "Tiny", "reference": f"hf:{tiny_clip()}", "created_at": timezone.now()}
    RegisteredModel.objects.create(slug="tiny", **model)
    corpus = drawn(project, SCENES)
    run = Run.objects.create(
        project=project, method="retrieval.evaluate", title="Tiny CLIP on scenes", fingerprint="0" * 64, queue="cpu",
        spec={"data": f"corpus:{corpus.pk}", "encoder": "model:tiny"}, state=Run.State.RUNNING, attempt=1,
        created_at=timezone.now(), provenance=facts,
    )  # fmt: skip
    RunInput.objects.create(run=run, field="data", corpus=corpus)
    run.case_count = load_cases(run.pk, run.attempt, str(tmp_path / "cases.parquet"))
    run.state = Run.State.SUCCEEDED
    run.save(update_fields=["case_count", "state"])
    return run


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900})
    sign_in(context, olga)
    return context.new_page()


def shot(page: Page, name: str) -> None:
    """A picture of the page for somebody who looks at it (taking it trips the content policy: for looking alone)."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/probe-{name}.png", full_page=True)


def columns(page: Page) -> Locator:
    """The captions side by side."""
    return page.locator("#probe article")


def test_captions_are_tried_compared_pinned_and_taken_away(page: Page, run: Run, watch: Watch) -> None:
    watch.allow("422")  # an empty caption is refused
    case = Case.objects.filter(run=run, direction="t2i", rank__gt=3).order_by("number").first()
    assert case is not None
    page.goto(f"/p/kitchen/runs/{run.pk}/cases/{case.number}/")
    field = page.get_by_label("Caption", exact=True)
    expect(field).to_have_value(case.prompt_text)
    expect(columns(page)).to_have_count(0)

    field.press("Control+Enter")  # unchanged: the cache knows it
    expect(columns(page)).to_have_count(2)
    expect(columns(page).nth(1)).to_contain_text("as before", timeout=PATIENT)

    other = Case.objects.get(run=run, direction="t2i", rank=1, prompt=_first_hit(run))
    field.fill(f"{case.prompt_text} near a red ball")
    page.get_by_role("button", name="Try it").click()
    expect(columns(page)).to_have_count(3)
    expect(columns(page).nth(2).locator("ins")).to_contain_text("near a red ball")
    expect(columns(page).nth(2)).to_contain_text("Rank", timeout=PATIENT)
    expect(field).to_be_visible()
    field.fill(other.prompt_text)
    field.press("Control+Enter")
    expect(columns(page)).to_have_count(4)
    expect(columns(page).nth(3).locator(".probe-answers li")).to_have_count(10, timeout=PATIENT)
    page.wait_for_function("() => [...document.querySelectorAll('#probe img')].slice(0, 2).every(i => i.naturalWidth)")
    shot(page, "1440")

    columns(page).nth(2).get_by_label("Note").fill("A ball changes little")
    columns(page).nth(2).get_by_role("button", name="Pin").click()
    expect(columns(page).nth(2)).to_contain_text("A ball changes little")
    columns(page).nth(3).get_by_role("button", name="Take away").click()
    expect(columns(page)).to_have_count(3)
    page.get_by_role("button", name="Bring it back").click()
    expect(columns(page)).to_have_count(4)
    expect(columns(page).nth(3).locator(".probe-answers li")).to_have_count(10, timeout=PATIENT)

    page.get_by_role("button", name="As it was").click()
    expect(field).to_have_value(case.prompt_text)
    field.fill(" ")
    field.press("Control+Enter")
    expect(page.locator("#probe-error")).to_contain_text("write a caption")

    page.reload()
    expect(columns(page)).to_have_count(4)
    with page.expect_download() as found:
        page.get_by_role("link", name="JSON", exact=True).click()
    assert "A ball changes little" in Path(found.value.path()).read_text()
    assert Probe.objects.filter(run=run, pinned_at__isnull=False).count() == 1


def _first_hit(run: Run) -> int:
    found = Case.objects.filter(run=run, direction="t2i", rank=1).order_by("number").first()
    assert found is not None
    return found.prompt


def test_captions_stand_side_by_side_on_a_narrow_screen_and_in_the_dark(
    new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], olga: User, run: Run
) -> None:
    context = new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    sign_in(context, olga)
    page = context.new_page()
    case = Case.objects.filter(run=run, direction="t2i", rank__gt=1).order_by("-number").first()
    assert case is not None
    page.goto(f"/p/kitchen/runs/{run.pk}/cases/{case.number}/")
    page.get_by_label("Caption", exact=True).fill("a red ball")
    page.get_by_role("button", name="Try it").click()
    expect(columns(page).nth(1).locator(".probe-answers li")).to_have_count(10, timeout=PATIENT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    columns(page).nth(1).scroll_into_view_if_needed()
    shot(page, "390-dark")


def test_without_a_worker_the_page_says_whom_to_start_and_the_answer_comes_once_one_is_there(
    page: Page, run: Run, live_site: Any
) -> None:
    live_site.stop("probe")
    case = Case.objects.filter(run=run, direction="t2i").order_by("number").first()
    assert case is not None
    page.goto(f"/p/kitchen/runs/{run.pk}/cases/{case.number}/")
    page.get_by_label("Caption", exact=True).fill("a blue cube")
    page.get_by_role("button", name="Try it").click()
    expect(columns(page).nth(1)).to_contain_text("No probe worker has taken this up", timeout=30_000)
    shot(page, "away")
    live_site.start("probe")
    expect(columns(page).nth(1)).to_contain_text("Rank", timeout=PATIENT)
