"""What a task may be made of: pictures, texts and pages, as prompt and as one or two candidates, on one page."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import press_and_go, saved, shown
from tests.ml_core.small_sets import picture
from tests.webapp import annotation_parts, people
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns import uploads
from webapp.annotation.campaigns.actions import open_uploaded
from webapp.annotation.models import Campaign, Label, Task
from webapp.annotation.taxonomies.actions import default_version

LONG = "A man in a yellow jacket stands beside a parked bicycle and looks at the river. " * 6
TABLE = f"""idx,prompt,gt,pred,kind
i2t,a.png,"two dogs on a sofa, one of them asleep","a dog and a cat on a red sofa",
long,a.png,"{LONG}",a bicycle,
class,b.png,tabby cat,Egyptian cat,
page,How much was paid in 1997?,page-1.png,page-2.png,page
asked-page,page-1.png,page-2.png,page-3.png,page
single,a small red square,,a.png,
single-text,b.png,,Egyptian cat,
"""


def page_of_text(number: int) -> bytes:
    """A page as a scanner leaves it: upright, small print, larger than a screen."""
    image = Image.new("RGB", (1240, 1754), (252, 251, 247))
    draw = ImageDraw.Draw(image)
    draw.text((110, 100), f"Annual report, page {number}", fill=(20, 20, 20), font_size=48)
    for line in range(52):
        paid = number * 1000 + line * 37
        words = f"{line + 1}. In 199{(line + number) % 10} the board paid {paid} for repairs of the northern bridge."
        draw.text((110, 210 + line * 28), words, fill=(40, 40, 40), font_size=22)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def project(live_site: Any) -> Project:
    project = people.project("Birds", people.person("owner", password=people.PASSWORD))
    people.member(project, people.person("ann", password=people.PASSWORD), "annotator")
    return project


@pytest.fixture
def campaign(project: Project) -> Campaign:
    """A task of every kind, handed out in the table's order."""
    files = {"a.png": picture(1), "b.png": picture(2)} | {f"page-{n}.png": page_of_text(n) for n in (1, 2, 3)}
    upload = uploads.keep(project, "kinds.zip", annotation_parts.zipped(TABLE, files))
    assert len(upload.samples) == 7 and not upload.problems
    now, owner = timezone.now(), User.objects.get(username="owner")
    return open_uploaded(
        project=project, name="Kinds", upload=upload, annotators=[User.objects.get(username="ann")], size=7, overlap=7,
        backup=0, taxonomy_version=default_version(project=project, now=now), actor=owner, now=now,
    )  # fmt: skip


def go_to(page: Page, campaign: Campaign, idx: str) -> None:
    """Looks through the items, one after the other, until this one is shown."""
    position = dict(Task.objects.filter(campaign=campaign).values_list("pk", "position"))
    wanted = Task.objects.get(campaign=campaign, idx=idx)
    while away := wanted.position - position[int(shown(page))]:
        press_and_go(page, "ArrowRight" if away > 0 else "ArrowLeft")


def seen(page: Page, selector: str, number: int = 0) -> dict[str, float]:
    box = page.locator(selector).nth(number).bounding_box()
    assert box
    return {"left": box["x"], "top": box["y"], "right": box["x"] + box["width"], "bottom": box["y"] + box["height"]}


def until_edge(page: Page, at: float, edge: str = "top") -> None:
    """Waits until an edge of the first picture is not below a height: the wheel is not waited for by the mouse."""
    above = "([edge, at]) => document.querySelector('.glass .own').getBoundingClientRect()[edge] <= at + 0.5"
    page.wait_for_function(above, arg=[edge, at])


def labels_of(page: Page) -> list[str]:
    return page.locator(".pane-label:visible").all_inner_texts()


def test_every_kind_of_task_is_looked_at_and_answered_on_one_page(
    campaign: Campaign, enter: Callable[..., Page]
) -> None:
    page = enter(campaign, reduced_motion="reduce")
    texts_for_a_picture(page, campaign)
    pages_are_read(page, campaign)
    one_candidate(page, campaign)
    page.set_viewport_size({"width": 390, "height": 844})
    on_a_phone(page, campaign)
    page.set_viewport_size({"width": 1440, "height": 900})
    go_to(page, campaign, Task.objects.get(campaign=campaign, position=0).idx)
    categories = {
        "i2t": "1",
        "long": "2",
        "class": "3",
        "page": "4",
        "asked-page": "5",
        "single": "6",
        "single-text": "7",
    }
    for _ in categories:
        press_and_go(page, categories[Task.objects.get(pk=int(shown(page))).idx], "Enter")
    saved(page)
    said = dict(Label.objects.filter(campaign=campaign).values_list("task__idx", "category"))
    assert [said[idx] for idx in ("i2t", "class", "page", "single-text")] == ["ambiguous", "action", "count", "object"]
    assert len(said) == 7


def texts_for_a_picture(page: Page, campaign: Campaign) -> None:
    """Retrieval the other way and classification: the picture large, what is right beside what was answered."""
    go_to(page, campaign, "i2t")
    assert labels_of(page) == ["Asked", "Ground truth", "Model's answer"]
    expect(page.locator("#prompt")).to_have_text(
        "The picture was shown to the model, which looked for the text that belongs to it."
    )
    words = page.locator(".pane-words:visible")
    expect(words).to_have_text(["two dogs on a sofa, one of them asleep", "a dog and a cat on a red sofa"])
    page.keyboard.down("Space")
    expect(words).to_have_text(["a dog and a cat on a red sofa", "two dogs on a sofa, one of them asleep"])
    page.keyboard.up("Space")
    assert seen(page, ".pane", 0)["right"] - seen(page, ".pane", 0)["left"] > 700
    go_to(page, campaign, "class")
    expect(words).to_have_text(["tabby cat", "Egyptian cat"])
    expect(page.get_by_role("img", name="Asked")).to_have_count(1)


def pages_are_read(page: Page, campaign: Campaign) -> None:
    """A page opens as wide as its pane, the wheel and the arrows with Shift scroll both, 0 shows it whole."""
    go_to(page, campaign, "page")
    expect(page.locator("#prompt")).to_have_text("How much was paid in 1997?")
    glass, own = seen(page, ".glass"), seen(page, ".glass .own")
    assert abs(own["left"] - glass["left"]) < 2 and abs(own["right"] - glass["right"]) < 2
    assert abs(own["top"] - glass["top"]) < 2 and own["bottom"] > glass["bottom"] + 200
    page.locator(".glass").first.hover()
    page.mouse.wheel(0, 150)
    until_edge(page, own["top"] - 150)
    for side in (0, 1):
        moved = seen(page, ".glass .own", side)
        assert abs(own["top"] - moved["top"] - 150) < 2
        assert abs((moved["right"] - moved["left"]) - (own["right"] - own["left"])) < 1
    page.keyboard.press("Shift+ArrowDown")
    until_edge(page, own["top"] - 151)
    page.wait_for_function("() => document.querySelector('.glass .own').naturalHeight > 1280")  # all that was sent in
    page.keyboard.press("Digit0")
    until_edge(page, glass["bottom"] + 1, edge="bottom")
    go_to(page, campaign, "asked-page")
    assert labels_of(page) == ["Asked", "Ground truth", "Retrieved"]
    expect(page.locator("#prompt")).to_contain_text("The page was shown to the model")


def one_candidate(page: Page, campaign: Campaign) -> None:
    """Nothing to blink to, nothing to lay over it."""
    go_to(page, campaign, "single")
    assert labels_of(page) == ["Retrieved"]
    for tool in ("blink", "overlay"):
        expect(page.locator(f".lights [data-act={tool}]")).to_be_hidden()
    page.keyboard.press("v")
    page.keyboard.press("Space")
    assert labels_of(page) == ["Retrieved"]
    go_to(page, campaign, "single-text")
    assert labels_of(page) == ["Asked", "Model's answer"]


def on_a_phone(page: Page, campaign: Campaign) -> None:
    """Panes above each other; a short text is seen whole beside a long one."""
    for idx in ("page", "asked-page", "long"):
        go_to(page, campaign, idx)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        places = [seen(page, ".pane", number) for number in range(page.locator(".pane").count())]
        assert all(above["bottom"] <= below["top"] for above, below in pairwise(places))
    pane, words = seen(page, ".pane-text .glass", 1), seen(page, ".pane-text:last-child .pane-words:visible")
    assert pane["top"] <= words["top"] and words["bottom"] <= pane["bottom"] + 1
