"""A researcher trains, evaluates, watches and reads, in a real browser on the running site."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.parts.scenes import scenes_corpus
from tests.webapp import people
from webapp.experiments.models import Run

PATIENCE = 120_000  # milliseconds
SMALL = {
    "Image size": "32", "Patch": "8", "Width": "32", "Heads": "2", "Vision layers": "1", "Text layers": "1",
    "Embedding": "16", "Max steps": "20", "Batch size": "16", "Eval every": "10", "Checkpoint every": "10",
}  # fmt: skip


def test_a_researcher_trains_evaluates_and_reads_the_failures(
    page: Any, live_site: Any, sign_in: Any, watch: Any
) -> None:
    owner = people.person("olga")
    project = people.project("Birds", owner)
    scenes_corpus(project, "scenes:60?seed=5&size=64&split=train", "Training scenes")
    scenes_corpus(project, "scenes:60?seed=5&size=64")
    sign_in(page, owner)
    watch.allow("422")

    page.goto("/p/birds/runs/")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    page.get_by_role("link", name="New run").first.click()
    page.get_by_role("link", name="Train a dual encoder").click()
    page.get_by_label("Title").fill("Small encoder")
    page.get_by_label("Batch size").fill("0")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("things need a change")).to_be_visible()
    expect(page.get_by_label("Data set")).to_be_focused()
    expect(page.get_by_label("Title")).to_have_value("Small encoder")

    for label, value in SMALL.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Data set").select_option(label="Training scenes (60 pictures)")
    expect(page.locator("#aside").get_by_role("rowheader", name="max_steps")).to_be_visible()
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Recall", exact=True)).to_be_visible()

    page.goto("/p/birds/runs/new/retrieval.evaluate/")
    page.get_by_label("Title").fill("How good it is")
    page.get_by_label("Data set").select_option(label="Scenes (60 pictures)")
    page.get_by_label("Encoder").select_option(label=f"{Run.objects.get().pk} · Small encoder")
    page.get_by_role("button", name="Launch").click()
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Nearest misses")).to_be_visible()
    expect(page.locator(".readings .whisker").first).to_be_visible()
    expect(page.get_by_role("heading", name="Recall by depth")).to_be_visible()

    page.get_by_role("button", name="Put the inputs together").click()
    with page.expect_download(timeout=PATIENCE) as waiting:
        for _ in range(100):
            link = page.get_by_role("link", name="Inputs")
            if link.count():
                link.click()
                break
            page.wait_for_timeout(500)
            page.reload()
    assert waiting.value.suggested_filename.endswith("-inputs.zip")

    evaluation = page.url
    page.get_by_role("button", name="Sample failures for labelling").click()
    expect(
        page.get_by_role("heading", name=f"Failures of run {Run.objects.get(title='How good it is').pk}")
    ).to_be_visible()
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=PATIENCE)

    page.goto(evaluation)
    page.get_by_role("link", name="Browse failures").click()
    expect(page).to_have_url(f"{evaluation}cases/")
