"""A researcher brings captions, classifies with them on a real worker, and follows a confusion to a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import expect

from ml_core.generators import of_scenes
from tests.parts.scenes import scenes_corpus
from tests.tiny_models import tiny_clip
from tests.webapp import people
from webapp.accounts.models import Project, User
from webapp.experiments.models import RegisteredModel

PATIENCE = 120_000  # milliseconds
PICTURES = 36


def ground() -> tuple[Project, User]:
    """Classes of drawn vehicles, a tiny encoder, and somebody who may use them."""
    owner = people.person("olga")
    project = people.project("Birds", owner)
    scenes_corpus(project, f"scenes:{PICTURES}?task=classification&seed=11&size=160", "Vehicles")
    RegisteredModel.objects.create(slug="tiny", name="Tiny", reference=f"hf:{tiny_clip()}", created_at=timezone.now())
    return project, owner


def bring(page: Any, side: str, text: str, folder: Path) -> None:
    """A caption file through the form, until a worker has read it."""
    path = folder / f"{side}.json"
    path.write_text(text, "utf-8")
    page.goto("/p/birds/caption-files/")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("radio", name={"class": "Captions of classes", "image": "Captions of pictures"}[side]).check()
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("link", name="Classify with these")).to_be_visible(timeout=PATIENCE)


def test_captions_are_brought_and_a_confusion_leads_to_its_pictures_and_to_a_campaign(
    page: Any, live_site: Any, sign_in: Any, tmp_path: Path
) -> None:
    sign_in(page, ground()[1])
    bring(page, "image", of_scenes.image_captions(PICTURES, seed=11), tmp_path)
    bring(page, "class", of_scenes.class_captions(), tmp_path)
    page.get_by_role("link", name="Classify with these").click()
    page.get_by_label("Encoder").select_option(label="Tiny")
    page.get_by_label("Image captions").select_option(index=1)
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="What is taken for what")).to_be_visible()
    expect(page.get_by_role("heading", name="Class by class")).to_be_visible()
    pair = page.locator(".pairs li").first
    count = int(pair.locator("span").inner_text())
    pair.get_by_role("link").click()
    expect(page.locator(".case")).to_have_count(count)
    expect(page.locator(".case").first.get_by_text("True class")).to_be_visible()
    page.get_by_role("link", name="Label these…").click()
    expect(page.get_by_label("Taxonomy")).to_have_value("default")
    expect(page.get_by_text("Classification failures (seven of its own)")).to_be_attached()
