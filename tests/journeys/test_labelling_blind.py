"""A blind campaign: nothing on the page, in an address, a header or an order says which side is which."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.labelling_parts import prefetched, press_and_go, shown
from tests.webapp import annotation_parts as parts
from webapp.annotation.labelling.answers import Handed
from webapp.annotation.labelling.presenting import roles_of
from webapp.annotation.models import Campaign, Task
from webapp.experiments.models import Run

TELLS = re.compile(r"ground.?truth|retrieved|\bright\b|\bgiven\b|wanted|answer\b.*model", re.IGNORECASE)


def orders(campaign: Campaign) -> dict[int, list[str]]:
    """What stands where for ann, by task."""
    ann = parts.annotator(campaign, "ann")
    tasks = Task.objects.filter(campaign=campaign)
    return {task.pk: roles_of(ann, Handed(task.pk, task.prompt, task.right, task.given)) for task in tasks}


def test_nothing_tells_which_side_is_which_before_the_first_choice(labelled: Run, enter: Callable[..., Page]) -> None:
    campaign = parts.campaign(labelled, blind=True)
    answers: list[Any] = []
    page = enter(campaign)
    page.context.on("response", lambda response: answers.append(response))
    page.reload()
    page.wait_for_selector("body:not([data-busy])")
    prefetched(page, 8)
    expect(page.locator(".pane-label")).to_have_text(["Side A", "Side B"])
    assert not TELLS.search(page.locator("#work").inner_html())
    given = json.loads(page.locator("#given").text_content() or "")
    for task in given["tasks"]:
        assert task["roles"] is None
        assert set(task) == {"id", "prompt", "sides", "roles"}
        assert all(set(side) == {"kind", "picture", "width", "height"} for side in task["sides"])
    pictures = [answer for answer in answers if "/pictures/" in answer.url]
    assert len(pictures) >= 8
    hidden = {"date", "content-length"}
    for answer in pictures:
        assert not TELLS.search(answer.url)
        headers = {name: text for name, text in answer.headers.items() if name not in hidden}
        assert headers == {name: text for name, text in pictures[0].headers.items() if name not in hidden}
    drawn = [tuple(order) for order in orders(campaign).values()]
    assert len(set(drawn)) == 2  # now here, now there


def test_the_first_choice_tells_which_side_is_which_and_the_choice_may_change(
    labelled: Run, enter: Callable[..., Page]
) -> None:
    campaign = parts.campaign(labelled, blind=True)
    page = enter(campaign)
    words = {"right": "Ground truth", "given": "Retrieved"}
    for _ in range(4):
        order = orders(campaign)[int(shown(page))]
        expect(page.locator(".pane-label")).to_have_text(["Side A", "Side B"])
        page.keyboard.press("2")
        expect(page.locator(".pane-label")).to_have_text([words[role] for role in order])
        press_and_go(page, "3", "Enter")
