"""The loop, closed in a browser: a reviewer goes from a finished campaign to a fix, a verdict and a claim to check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from tests.parts.scenes import scenes_corpus
from tests.tiny_models import tiny_clip
from tests.webapp import people
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.actions import open_campaign
from webapp.annotation.campaigns.states import finish_campaign
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, Slot
from webapp.annotation.taxonomies.actions import default_version
from webapp.experiments.actions import launch_run
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import RegisteredModel, Run
from webapp.settings import env

PATIENT = 120_000  # milliseconds; a run loads torch first
NAMES = ("ann", "bob", "cy")
CATEGORIES = ("attribute", "object", "count")
SHOTS = os.environ.get("NEARMISS_SHOTS_TO", "")


@pytest.fixture
def project(live_site: Any) -> Project:
    made = people.project("Kitchen", people.person("olga"))
    people.member(made, people.person("rita"), "reviewer")
    for name in NAMES:
        people.member(made, people.person(name), "annotator")
    return made


@pytest.fixture
def evaluation(project: Project) -> Run:
    """An evaluation that waits for the worker: drawn scenes, a tiny CLIP that finds little."""
    corpus = scenes_corpus(project, "scenes:60?seed=5&size=64")
    model = {"name": "Tiny", "reference": f"hf:{tiny_clip()}", "created_at": timezone.now()}
    RegisteredModel.objects.create(slug="tiny", **model)
    values = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "resamples": 200}
    return launch_run(
        project=project, method="retrieval.evaluate", values=values, title="As it is", actor=None, now=timezone.now()
    )


@pytest.fixture
def page(new_context: Callable[..., BrowserContext], sign_in: Callable[..., None], project: Project) -> Page:
    context = new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    sign_in(context, User.objects.get(username="rita"))
    return context.new_page()


def finished_campaign(run: Run) -> Campaign:
    """Three people have said of sixty failures what each is; the campaign is over."""
    now = timezone.now()
    campaign = open_campaign(
        project=run.project, name="First look", run=run, filters=Filters(), size=60, overlap=12, backup=3, actor=None,
        taxonomy_version=default_version(project=run.project, now=now), now=now,
        annotators=list(User.objects.filter(username__in=NAMES)),
    )  # fmt: skip
    for annotator in Annotator.objects.filter(campaign=campaign).select_related("campaign", "user"):
        slots = Slot.objects.filter(annotator=annotator, state="open").select_related("task")
        events = [
            Answer(key=uuid.uuid4(), task_id=slot.task_id, kind="answer", category=CATEGORIES[slot.task.position % 3])
            for slot in slots
        ]
        record_answers(annotator=annotator, events=events, source="web", now=now)
    finish_campaign(campaign=campaign, actor=None, now=now)
    return campaign


def test_a_reviewer_closes_the_loop(page: Page, project: Project, evaluation: Run, tmp_path: Path) -> None:
    page.goto(f"/p/{project.slug}/runs/{evaluation.pk}/")
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=PATIENT)
    evaluation.refresh_from_db()
    campaign = finished_campaign(evaluation)

    page.goto(f"/p/{project.slug}/campaigns/{campaign.pk}/")
    expect(page.get_by_text("Everything is answered.")).to_be_visible()
    page.get_by_role("link", name="Freeze a set").click()
    page.get_by_role("button", name="Freeze").click()
    expect(page.get_by_role("heading", name="Failure mix", level=2)).to_be_visible(timeout=PATIENT)
    shot(page, "set")
    page.get_by_role("link", name="Improve Attribute").click()

    expect(page.get_by_label("Title")).to_have_value("Improve Attribute")
    expect(page.get_by_label("Data set")).to_have_value(evaluation.spec["data"])
    expect(page.get_by_label("Subset")).to_have_value(re.compile("^set:[0-9]+/attribute$"))
    shot(page, "form")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=PATIENT)
    improved = Run.objects.get(title="Improve Attribute")
    assert improved.created_by and improved.created_by.username == "rita"
    shot(page, "run")

    page.goto(f"/p/{project.slug}/runs/")
    page.get_by_label("Compare As it is").check()
    page.get_by_label("Compare Improve Attribute").check()
    page.get_by_role("button", name="Compare the ticked runs").click()
    expect(page.locator(".verdict").first).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("Image → text is left out: Improve Attribute has no answers there.")).to_be_visible()
    expect(page.locator(".verdict .tag").first).to_have_text("exploratory")
    shot(page, "compare")
    still_wrong = int(page.locator(".verdict-cell-wrong_differently strong").first.inner_text())
    page.locator(".verdict-cell-wrong_differently a").first.click()
    page.wait_for_url("**flips=wrong_differently**")
    expect(page.locator(".flip")).to_have_count(min(still_wrong, 12))
    shot(page, "flips")

    page.get_by_role("button", name="Claim bundle").click()
    expect(page.get_by_role("heading", name="Check it")).to_be_visible(timeout=PATIENT)
    shot(page, "claim")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    bundle = tmp_path / started.value.suggested_filename
    started.value.save_as(bundle)
    command = [sys.executable, "-m", "ml_core", "claims.verify", f"bundle={bundle}", f"out={tmp_path / 'checked'}"]
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    answer = subprocess.run(command, cwd=env.ROOT, env=bare, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert json.loads((tmp_path / "checked" / "metrics.json").read_text())


def shot(page: Page, name: str) -> None:
    """A picture of the page for somebody who looks at it (taking it trips the content policy: for looking alone)."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/loop-{name}.png", full_page=True)
