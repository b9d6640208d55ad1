"""A task as an annotator's browser gets it: what to look at, and nothing of what is known about it.

In a blind campaign the sides stand in an order that a keyed hash draws for each person and task, their pictures'
addresses name the place and not what stands there, and which is which is not sent before something was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import constant_time_compare, salted_hmac

from webapp.annotation.labelling.answers import Handed
from webapp.annotation.models import Annotator

PLACES = ("a", "b")
PROMPT = "p"
_MAC = 24  # characters of a hash in an address


@dataclass(frozen=True, slots=True)
class Place:
    """A picture of a task as an address names it."""

    task_id: int
    place: str


def roles_of(annotator: Annotator, task: Handed) -> list[str]:
    """What stands at each place, from left to right: "right" and "given"."""
    there = [name for name, content in (("right", task.right), ("given", task.given)) if content is not None]
    if annotator.campaign.blind and _hash(annotator.pk, task.task_id, "side")[0] in "01234567":
        there.reverse()
    return there


def as_sent(annotator: Annotator, task: Handed, *, chosen: bool = False) -> dict[str, Any]:
    """A task for the browser; `roles` is null while it is hidden."""
    roles = roles_of(annotator, task)
    contents = {"right": task.right, "given": task.given}
    return {
        "id": task.task_id,
        "prompt": _content(annotator, task.task_id, PROMPT, task.prompt),
        "sides": [
            _content(annotator, task.task_id, place, contents[role]) for place, role in zip(PLACES, roles, strict=False)
        ],
        "roles": roles if chosen or not annotator.campaign.blind else None,
    }


def addresses(pictures: str, sent: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where the pictures of tasks that are sent are fetched, below the address `pictures`; as stage.js asks."""
    contents = [content for task in sent for content in (task["prompt"], *task["sides"])]
    return [f"{pictures}{content['picture']}/view/" for content in contents if "picture" in content]


def content_at(annotator: Annotator, task: Handed, place: str) -> dict[str, Any] | None:
    """What stands at a place of a task as this person sees it; None where nothing does."""
    if place == PROMPT:
        return task.prompt
    here = dict(zip(PLACES, roles_of(annotator, task), strict=False))
    return {"right": task.right, "given": task.given}.get(here.get(place, ""))


def _content(annotator: Annotator, task_id: int, place: str, content: dict[str, Any] | None) -> dict[str, Any]:
    content = content or {"kind": "text", "text": ""}
    if content["kind"] == "text":
        return {"kind": "text", "text": content["text"], "class": bool(content.get("class"))}
    return {
        "kind": content["kind"],
        "picture": picture_name(annotator, task_id, place),
        "width": content["width"],
        "height": content["height"],
    }


def picture_name(annotator: Annotator, task_id: int, place: str) -> str:
    """How an address names a picture: for this person only, and not to be guessed."""
    return f"{task_id}-{place}-{_hash(annotator.pk, task_id, place)[:_MAC]}"


def place_named(annotator: Annotator, name: str) -> Place | None:
    """What a picture's address names; None where it was not made for this person."""
    task, _, rest = name.partition("-")
    place = rest[:1]
    if not task.isdecimal() or len(task) > 18 or place not in (PROMPT, *PLACES):
        return None
    if not constant_time_compare(name, picture_name(annotator, int(task), place)):
        return None
    return Place(int(task), place)


def _hash(annotator_id: int, task_id: int, what: str) -> str:
    return salted_hmac("nearmiss.labelling", f"{annotator_id}:{task_id}:{what}", algorithm="sha256").hexdigest()
