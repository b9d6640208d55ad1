"""A blind campaign: no reply says which side is which before a choice, and the order of sides says nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.webapp import annotation_parts as parts
from tests.webapp.test_annotation_labelling_page import Desk
from webapp.annotation.labelling.answers import Handed
from webapp.annotation.labelling.presenting import roles_of
from webapp.annotation.models import Annotator, Campaign, FirstChoice, Gold, Slot, Task

pytestmark = pytest.mark.django_db
TELLS = re.compile(r"\bright\b|\bgiven\b|truth|retrieved|rank|margin|score|number", re.IGNORECASE)


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    return parts.campaign(parts.labelled_project(tmp_path), blind=True, show_gold_feedback=True)


def tasks_in(told: Any) -> Iterator[dict[str, Any]]:
    """Everything in a reply that stands for a task, however deep."""
    if isinstance(told, dict):
        if "sides" in told:
            yield told
        told = list(told.values())
    if isinstance(told, list):
        for part in told:
            yield from tasks_in(part)


def tells_nothing(told: Any) -> int:
    """How many tasks a reply holds; none of them says which side is which."""
    found = list(tasks_in(told))
    for task in found:
        assert task["roles"] is None
        assert set(task) - {"answer", "cursor"} == {"id", "prompt", "sides", "roles"}
        assert [set(side) for side in task["sides"]] == [{"kind", "picture", "width", "height"}] * 2
        assert not TELLS.search(json.dumps(task["sides"]))
    return len(found)


def test_no_reply_tells_which_side_is_which_before_something_was_chosen(campaign: Campaign) -> None:
    desk = Desk(campaign)
    Gold.objects.bulk_create(
        Gold(task=task, category="count", explanation="Two.", at=timezone.now()) for task in campaign.tasks.all()
    )
    first, second, third = [task["id"] for task in desk.given["tasks"]][:3]
    assert tells_nothing({name: desk.given[name] for name in ("tasks", "progress", "campaign")}) == 12
    assert tells_nothing(desk.client.get(f"{desk.here}next/?want=40").json()) == 14
    answered = desk.answer(first, want=40, have=[second])
    assert tells_nothing(answered) == 12
    assert [gold["task"] for gold in answered["gold"]] == [first]  # of no other task
    assert tells_nothing(desk.post("lease", {"have": [second]}).json()) == 0
    skip = {"key": str(uuid4()), "task": second, "kind": "skip", "skip_reason": "unclear"}
    assert tells_nothing(desk.post("answers", {"events": [skip], "want": 40, "have": []}).json()) == 12
    done = {task["id"]: task for task in desk.client.get(f"{desk.here}done/").json()["tasks"]}
    assert set(done) == {first, second}
    assert sorted(done[first]["roles"]) == ["given", "right"]
    assert tells_nothing(done[second]) == 1  # skipped: nothing was chosen, and it may still be answered
    assert third not in done


def test_own_samples_are_shown_by_name_only_once_the_whole_share_is_done(campaign: Campaign) -> None:
    desk = Desk(campaign)
    first = desk.given["tasks"][0]["id"]
    Gold.objects.create(task_id=first, category="count", explanation="Two, not three.", at=timezone.now())
    desk.answer(first)
    said = desk.client.get(f"{desk.here}feedback/").content.decode()
    assert "Ground truth" not in said and "/pictures/" not in said and "Two, not three" not in said
    assert desk.client.get(f"{desk.here}feedback/{first}/").status_code == 302
    assert desk.client.get(f"{desk.here}feedback/{desk.given['tasks'][1]['id']}/").status_code == 404
    Slot.objects.filter(campaign=campaign, annotator=parts.annotator(campaign, "ann"), state="open").update(
        state="answered"
    )
    assert "Ground truth" in desk.client.get(f"{desk.here}feedback/").content.decode()


def test_what_was_chosen_before_the_sides_were_named_is_kept_once(campaign: Campaign) -> None:
    desk = Desk(campaign)
    first, second = [task["id"] for task in desk.given["tasks"]][:2]
    for nothing in ("", "colour", None, 3, "under\0specified"):
        told = desk.post("reveal", {"task": first, "category": nothing})
        assert told.status_code == 400 and "roles" not in told.json()
    assert not FirstChoice.objects.exists()
    for category in ("count", "action"):
        assert sorted(desk.post("reveal", {"task": first, "category": category}).json()["roles"]) == ["given", "right"]
    kept = FirstChoice.objects.get()
    assert (kept.task_id, kept.category, kept.annotator_id) == (first, "count", desk.given["annotator"])
    desk.answer(second)  # without a network until then: the answer was the first choice
    assert desk.post("reveal", {"task": second, "category": "count"}).status_code == 200
    assert FirstChoice.objects.count() == 1
    others = Slot.objects.filter(campaign=campaign).exclude(annotator=desk.given["annotator"])
    stranger = others.exclude(task__slots__annotator=desk.given["annotator"]).values_list("task", flat=True)[0]
    assert desk.post("reveal", {"task": stranger, "category": "count"}).status_code == 404


def test_a_campaign_that_is_not_blind_keeps_no_first_choices(tmp_path: Path) -> None:
    desk = Desk(parts.campaign(parts.labelled_project(tmp_path)))
    assert desk.post("reveal", {"task": desk.given["tasks"][0]["id"], "category": "count"}).status_code == 200
    assert not FirstChoice.objects.exists()


def side(content: str, number: int) -> dict[str, Any]:
    return {"kind": "picture", "number": number, "width": 40, "height": 30, "name": content}


def test_sides_stand_in_either_order_equally_often_whatever_they_show() -> None:
    campaign = Campaign(blind=True)
    firsts: dict[tuple[int, bool], list[bool]] = {}
    for person in range(1, 9):
        annotator = Annotator(pk=person, campaign=campaign)
        for task in range(1, 1001):
            wide = task % 2 == 0
            names = ("cup", "dog") if wide else ("dog", "cup")
            handed = Handed(task, {"kind": "text", "text": "a cup"}, side(names[0], task), side(names[1], task + 1))
            order = roles_of(annotator, handed)
            turned = Handed(task, {"kind": "text", "text": "no"}, side(names[1], 7), side(names[0], 9))
            assert sorted(order) == ["given", "right"] and roles_of(annotator, turned) == order  # of content: nothing
            firsts.setdefault((person, wide), []).append(order[0] == "right")
    everything = [first for found in firsts.values() for first in found]
    assert abs(sum(everything) / 8000 - 0.5) < 4 * 0.5 / 8000**0.5
    for found in firsts.values():  # for each person, whatever is shown
        assert abs(sum(found) / 500 - 0.5) < 4.5 * 0.5 / 500**0.5
    by_task = [sum(firsts[person, task % 2 == 0][(task - 1) // 2] for person in range(1, 9)) for task in range(1, 1001)]
    assert 1.6 < sum((count - 4) ** 2 for count in by_task) / 1000 < 2.4  # people's orders agree as coins do: 8 / 4
    ahead = [a == b for a, b in pairwise(everything)]
    assert abs(sum(ahead) / len(ahead) - 0.5) < 4 * 0.5 / len(ahead) ** 0.5  # and the next is no more like this one


def test_every_task_of_a_campaign_has_both_its_sides_under_names_of_the_same_length(campaign: Campaign) -> None:
    ann = parts.annotator(campaign, "ann")
    orders = {
        tuple(roles_of(ann, Handed(task.pk, task.prompt, task.right, task.given)))
        for task in Task.objects.filter(campaign=campaign)
    }
    assert orders == {("right", "given"), ("given", "right")}
    names = [side["picture"] for task in Desk(campaign).given["tasks"] for side in task["sides"]]
    assert {re.sub(r"[0-9a-f]{24}$", "", re.sub(r"^\d+", "", name)) for name in names} == {"-a-", "-b-"}
