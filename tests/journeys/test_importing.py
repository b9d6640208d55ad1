"""A researcher brings a folder of photographs in through the browser; a worker dies on the way and nobody notices."""

from __future__ import annotations

import re
import time

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.ml_core.small_sets import coco
from tests.tiny_models import tiny_clip
from tests.webapp import corpora_parts as parts
from webapp.corpora.actions.roots import add_root
from webapp.corpora.models import Corpus, Import, Item
from webapp.experiments.models import RegisteredModel, Run

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60_000


@pytest.fixture
def project(live_site):
    return parts.project("vision")


def test_a_folder_of_photographs_comes_in_and_is_looked_at(page, sign_in, project, real_data):
    person = parts.person(project, "researcher")
    add_root(name="Lab data", path=str(real_data), actor=person, now=timezone.now())
    sign_in(page, person)
    page.goto("/p/vision/corpora/")
    page.get_by_role("link", name="Import a data set").first.click()
    page.get_by_role("link", name="Lab data").click()
    page.get_by_role("link", name="photos").click()
    expect(page.get_by_role("heading", name="This looks like a data set")).to_be_visible()
    page.get_by_label("Name").fill("Photographs")
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="What would come in")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Nothing is wrong with it")).to_be_visible()
    page.get_by_role("button", name="Import 130 pictures").click()
    page.get_by_role("link", name="Open the data set").click(timeout=PATIENCE)
    page.get_by_label("Words in a caption").fill("motorcycle seat")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(r"words=motorcycle\+seat"))
    page.locator("a.plate").first.click()
    expect(page.locator(".captions li")).to_have_count(5)
    expect(page.locator(".stage .box-over").first).to_be_visible()
    page.get_by_label("Boxes").uncheck()
    expect(page.locator(".stage .box-over").first).to_be_hidden()
    drawn = page.request.get(page.locator(".stage image").get_attribute("href"))
    assert drawn.headers["content-type"] == "image/webp"


def test_photographs_are_imported_evaluated_and_their_failures_browsed(page, sign_in, project, real_data):
    person = parts.person(project, "researcher")
    add_root(name="Lab data", path=str(real_data), actor=person, now=timezone.now())
    reference = f"hf:{tiny_clip()}"
    RegisteredModel.objects.create(slug="tiny", name="Tiny CLIP", reference=reference, created_at=timezone.now())
    sign_in(page, person)
    page.goto("/p/vision/corpora/import/")
    page.get_by_role("link", name="Lab data").click()
    page.get_by_role("link", name="photos").click()
    page.get_by_label("Name").fill("Photographs")
    page.get_by_role("button", name="Look at it").click()
    page.get_by_role("button", name="Import 130 pictures").click(timeout=PATIENCE)
    expect(page.get_by_role("link", name="Open the data set")).to_be_visible(timeout=PATIENCE)

    page.goto("/p/vision/runs/")
    page.get_by_role("link", name="New run").first.click()
    page.get_by_role("link", name="Retrieval evaluation").first.click()
    page.get_by_label("Title").fill("Untrained on photographs")
    page.get_by_label("Data set").select_option(label="Photographs (130 pictures)")
    page.get_by_label("Encoder").select_option(label="Tiny CLIP")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("Succeeded").first).to_be_visible(timeout=2 * PATIENCE)
    expect(page.locator(".readings .whisker")).not_to_have_count(0)
    run = Run.objects.get()
    measured = {row.name: row for row in run.metrics.filter(step=-1, slice="")}
    for name in ("t2i/recall@1", "t2i/recall@10", "i2t/recall@1", "t2i/median_rank", "t2i/failures"):
        row = measured[name]
        assert row.low is not None and row.high is not None and row.low <= row.value <= row.high and row.n == 130

    page.get_by_role("link", name="Browse failures").click()
    expect(page.locator(".case")).not_to_have_count(0)
    words = page.locator(".case").first.inner_text()
    page.locator(".case-pair").first.click()
    page.wait_for_url("**/cases/*/**")
    expect(page.locator(".case-stage .slide-window")).to_have_count(2)
    caption = page.get_by_role("heading", level=1).inner_text()
    assert caption[:30] in words


def test_what_is_wrong_is_shown_before_anything_is_written(page, sign_in, project, tmp_path):
    root = coco(tmp_path / "data" / "birds", 6)
    (root / "images" / "000000000002.jpg").write_bytes(b"<svg/>")
    person = parts.person(project, "researcher")
    add_root(name="Lab data", path=str(tmp_path / "data"), actor=person, now=timezone.now())
    sign_in(page, person)
    page.goto("/p/vision/corpora/import/")
    page.get_by_role("link", name="Lab data").click()
    page.get_by_role("link", name="birds").click()
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("heading", name="1 cannot be used")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("row", name=re.compile("000000000002.jpg.*SVG"))).to_be_visible()
    assert not Corpus.objects.exists()
    page.get_by_label("Leave these 1 out").check()
    page.get_by_role("button", name="Import 5 pictures").click()
    expect(page.get_by_role("heading", name="It is in")).to_be_visible(timeout=PATIENCE)


def test_an_import_whose_worker_is_killed_comes_in_all_the_same(live_site, project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set', 4000)}", confirmed=True)
    until(lambda: now(row).progress.get("stage") == "Copying pictures" or now(row).finished_at)
    live_site.kill("jobs")
    live_site.ensure()
    until(lambda: now(row).finished_at)
    done = now(row)
    assert (done.state, done.failure) == ("done", "")
    assert Item.objects.filter(corpus=done.corpus).count() == done.corpus.item_count == 4000


def now(row: Import) -> Import:
    return Import.objects.get(pk=row.pk)


def until(condition, seconds=90.0):
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.05)
