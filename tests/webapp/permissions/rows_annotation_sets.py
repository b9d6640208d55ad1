"""The addresses of analysis sets."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.rows_annotation_exchange import bare_campaign
from tests.webapp.permissions.world import Knocker, World
from webapp.annotation.models import AnalysisSet, Campaign, Task
from webapp.annotation.review.actions import plant
from webapp.annotation.sets.actions import ask_to_freeze
from workers import calculating


def build(world: World) -> None:
    """A frozen set in each project, and the wish that made it."""
    for name, project, person in (("", world.project, world.owner), ("foreign_", world.foreign, world.outsider)):
        campaign = bare_campaign(project, person, f"Sets {name}")
        world.things[f"{name}set_campaign"] = campaign
        wish = _frozen(campaign, person)
        world.things[f"{name}wish"] = wish
        world.things[f"{name}set"] = AnalysisSet.objects.get(pk=wish.result["set"])


def _frozen(campaign: Campaign, person: Any) -> Any:
    now = timezone.now()
    task = Task.objects.get(campaign=campaign)
    plant(campaign=campaign, task=task, category="object", subtype="", explanation="", actor=person, now=now)
    wish = ask_to_freeze(campaign=campaign, name="", rule="majority", incomplete=False, actor=person, now=now)
    calculating.work()
    wish.refresh_from_db()
    return wish


def campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our campaign."""
    return {"slug": world.project.slug, "campaign_id": world["set_campaign"].pk}


def foreign_campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's campaign under our address."""
    return {"slug": world.project.slug, "campaign_id": world["foreign_set_campaign"].pk}


def one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our set."""
    return {"slug": world.project.slug, "set_id": world["set"].pk}


def foreign_one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's set under our address."""
    return {"slug": world.project.slug, "set_id": world["foreign_set"].pk}


def wish(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our wish."""
    return {"slug": world.project.slug, "wish_id": world["wish"].pk}


def foreign_wish(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's wish under our address."""
    return {"slug": world.project.slug, "wish_id": world["foreign_wish"].pk}


_VIEW, _FREEZE = "set.view", "set.freeze"
ROWS = [
    Row("annotation:sets", {"GET": _VIEW}),
    Row("annotation:set", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("annotation:set_distribution", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("annotation:set_items_csv", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("annotation:freezing", {"GET": _VIEW}, wish, foreign=(foreign_wish,)),
    Row("annotation:freeze", {"GET": _FREEZE, "POST": _FREEZE}, campaign, foreign=(foreign_campaign,)),
    Row("annotation:api_sets", {"GET": _VIEW}),
    Row("annotation:api_set", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("annotation:api_set_items", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("annotation:api_set_wish", {"GET": _VIEW}, wish, foreign=(foreign_wish,)),
    Row("annotation:api_freeze", {"POST": _FREEZE}, campaign, foreign=(foreign_campaign,), data={"rule": "majority"}),
]
