"""Looking: whole pictures, one view for both, blink, overlay, own keys, a phone, a screen reader's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import press_and_go, ready, saved, shown
from tests.webapp import annotation_parts as parts
from webapp.annotation.models import Annotator, Label
from webapp.experiments.models import Run

BOXES = """() => [...document.querySelectorAll('.glass')].map(glass => {
    const box = glass.getBoundingClientRect(), seen = glass.querySelector('.own').getBoundingClientRect();
    const image = glass.querySelector('.own');
    return {box: box.toJSON(), seen: seen.toJSON(), ratio: image.naturalWidth / image.naturalHeight};
})"""


def test_pictures_are_whole_and_keep_their_shape_and_zoom_together(labelled: Run, enter: Callable[..., Page]) -> None:
    page = enter(parts.campaign(labelled))
    left, right = page.evaluate(BOXES)
    assert left["box"]["width"] == right["box"]["width"] and left["box"]["height"] == right["box"]["height"]
    for pane in (left, right):
        assert abs(pane["seen"]["width"] / pane["seen"]["height"] - pane["ratio"]) < 0.01
        assert pane["seen"]["width"] <= pane["box"]["width"] + 1 and pane["seen"]["height"] <= pane["box"]["height"] + 1
    page.keyboard.press("Equal")
    zoomed = page.evaluate(BOXES)
    assert all(abs(new["seen"]["width"] / old["seen"]["width"] - 1.25) < 0.01
               for new, old in zip(zoomed, (left, right), strict=True))  # fmt: skip
    page.keyboard.press("l")
    page.locator(".glass").nth(1).hover()
    page.mouse.wheel(0, -400)
    apart = page.evaluate(BOXES)
    assert apart[0]["seen"]["width"] == zoomed[0]["seen"]["width"] < apart[1]["seen"]["width"]
    page.keyboard.press("Digit0")
    assert page.evaluate(BOXES)[1]["seen"]["width"] == right["seen"]["width"]


def test_space_blinks_while_it_is_held_and_v_lays_one_over_the_other(labelled: Run, enter: Callable[..., Page]) -> None:
    page = enter(parts.campaign(labelled), reduced_motion="reduce")
    expect(page.locator(".pane-label")).to_have_text(["Ground truth", "Retrieved"])
    page.keyboard.down("Space")
    expect(page.locator(".pane-label")).to_have_text(["Retrieved", "Ground truth"])
    expect(page.locator(".glass .other").first).to_be_visible()
    page.keyboard.up("Space")
    expect(page.locator(".pane-label")).to_have_text(["Ground truth", "Retrieved"])
    page.keyboard.press("v")
    expect(page.locator(".pane:visible")).to_have_count(1)
    page.keyboard.press("v")
    expect(page.locator(".pane:visible")).to_have_count(2)


def test_keys_are_moved_with_a_check_and_stay_with_their_person(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled)
    page = enter(campaign)
    page.keyboard.press("Slash")
    change = page.locator("[data-change='choose:attribute']")
    change.click()
    page.keyboard.press("s")
    expect(page.locator("#keys-problem")).to_have_text("S stands for “Skip” already.")
    change.click()
    with page.expect_response("**/keys/"):
        page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.locator("[data-choose=attribute] kbd")).to_have_text("J")
    task = int(shown(page))
    press_and_go(page, "j", "Enter")
    saved(page)
    assert Label.objects.get(task=task).category == "attribute"
    assert Annotator.objects.get(campaign=campaign, user__username="ann").keys["choose:attribute"] == "KeyJ"
    page.reload()
    ready(page)
    expect(page.locator("[data-choose=attribute] kbd")).to_have_text("J")


def test_a_category_key_submits_at_once_where_the_campaign_says_so(labelled: Run, enter: Callable[..., Page]) -> None:
    page = enter(parts.campaign(labelled, submit_on_choice=True))
    press_and_go(page, "4")
    press_and_go(page, "1", "w")
    saved(page)
    assert list(Label.objects.order_by("answered_at").values_list("category", "subtype")) == [
        ("count", ""), ("ambiguous", "nearduplicate"),
    ]  # fmt: skip


def test_confidence_is_asked_for_and_ctrl_enter_submits_from_a_note(labelled: Run, enter: Callable[..., Page]) -> None:
    page = enter(parts.campaign(labelled, ask_confidence=True))
    first = shown(page)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Say how sure you are.")
    assert shown(page) == first
    page.keyboard.press("o")
    page.keyboard.press("n")
    page.keyboard.type("hm")
    press_and_go(page, "Control+Enter")
    saved(page)
    label = Label.objects.get()
    assert (label.confidence, label.note) == (2, "hm")


def test_on_a_phone_panes_stack_a_swipe_blinks_and_touching_labels(labelled: Run, enter: Callable[..., Page]) -> None:
    page = enter(parts.campaign(labelled), viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    above, below = page.evaluate(BOXES)
    assert above["box"]["bottom"] <= below["box"]["top"]
    assert all(pane["box"]["height"] > 150 for pane in (above, below))
    before = shown(page)
    page.locator("[data-choose=action]").tap()
    expect(page.locator("[data-choose=action]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-act=submit]").tap()
    page.wait_for_function("before => document.documentElement.dataset.shown !== before", arg=before)
    saved(page)
    assert Label.objects.get().category == "action"
    expect(page.locator(".pane-label").first).to_have_text("Ground truth")
    swipe(page, page.evaluate(BOXES)[0]["box"])
    expect(page.locator(".pane-label").first).to_have_text("Retrieved")


def swipe(page: Page, box: dict[str, float]) -> None:
    """A finger across a picture."""
    line = page.context.new_cdp_session(page)
    y = box["top"] + box["height"] / 2
    line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 300, "y": y}]})
    for x in (250, 200, 150, 100):
        line.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_screen_reader_hears_the_item_the_choice_and_the_state(labelled: Run, enter: Callable[..., Page]) -> None:
    page = enter(parts.campaign(labelled))
    prompt = page.locator("#prompt").text_content()
    expect(page.locator("#announcer")).to_contain_text(prompt or "?")
    page.keyboard.press("2")
    expect(page.locator("#announcer")).to_have_text("Attribute chosen.")
    expect(page.get_by_role("button", name="Attribute", pressed=True)).to_have_count(1)
    expect(page.get_by_role("img", name="Ground truth")).to_have_count(1)
    unnamed: Any = page.evaluate(
        "[...document.querySelectorAll('button, a')].filter(e => e.checkVisibility() && !e.innerText.trim()"
        " && !e.getAttribute('aria-label') && !e.textContent.trim()).length"
    )
    assert unnamed == 0
    first = shown(page)
    page.locator("[data-choose=count]").focus()
    page.keyboard.press("Tab")  # walking by Tab, Enter presses what has the focus
    page.keyboard.press("Enter")
    expect(page.locator("[data-choose=context]")).to_have_attribute("aria-pressed", "true")
    assert shown(page) == first
