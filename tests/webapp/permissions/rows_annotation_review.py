"""The addresses of reviewers."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.rows_annotation_exchange import bare_campaign
from tests.webapp.permissions.world import Knocker, World
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Task


def build(world: World) -> None:
    """A campaign whose annotators owe nothing in each project; in ours everybody who may label is in it."""
    for name, project, person in (("", world.project, world.owner), ("foreign_", world.foreign, world.outsider)):
        campaign = bare_campaign(project, person, f"Review {name}")
        world.things[f"{name}review"] = campaign
        world.things[f"{name}review_task"] = Task.objects.get(campaign=campaign)
    world.things["answered_task"] = _answered(world)


def _answered(world: World) -> Task:
    """A sample of ours that everybody who may label has answered."""
    task = Task.objects.get(campaign=bare_campaign(world.project, world.owner, "Answered"))
    now = timezone.now()
    users = {knocker.user for knocker in world.knockers if knocker.user and knocker.role} | {world.owner}
    for number, user in enumerate(sorted(users, key=lambda user: user.pk)):
        more = {"letter": f"Z{number}", "joined_at": now}
        person, _made = Annotator.objects.get_or_create(campaign=task.campaign, user=user, defaults=more)
        event = Answer(uuid.uuid4(), task.pk, "answer", category="object")
        record_answers(annotator=person, events=[event], source="page", now=now)
    return task


def campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our campaign."""
    return {"slug": world.project.slug, "campaign_id": world["review"].pk}


def foreign_campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's campaign under our address."""
    return {"slug": world.project.slug, "campaign_id": world["foreign_review"].pk}


def task(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our sample."""
    return campaign(world, knocker) | {"task_id": world["review_task"].pk}


def stray_task(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's sample under our campaign."""
    return campaign(world, knocker) | {"task_id": world["foreign_review_task"].pk}


def foreign_task(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's sample under its campaign and our project."""
    return foreign_campaign(world, knocker) | {"task_id": world["foreign_review_task"].pk}


def picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """A picture of a sample of ours."""
    return _picture(world, "labelling", "labelling")


def foreign_picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's sample under our campaign."""
    return _picture(world, "labelling", "labelling_elsewhere")


def _picture(world: World, campaign: str, of: str) -> dict[str, Any]:
    sample = Task.objects.get(campaign=world[of])
    where = {"slug": world.project.slug, "campaign_id": world[campaign].pk}
    return where | {"task_id": sample.pk, "side": "right", "size": "view"}


def own(world: World, knocker: Knocker) -> dict[str, Any]:
    """A campaign of ours in which everybody annotates."""
    return {"slug": world.project.slug, "campaign_id": world["labelling"].pk}


def not_own(world: World, knocker: Knocker) -> dict[str, Any]:
    """A campaign of ours in which only others annotate."""
    return {"slug": world.project.slug, "campaign_id": world["labelling_of_others"].pk}


def own_sample(world: World, knocker: Knocker) -> dict[str, Any]:
    """A sample of ours that the knocker has answered."""
    task = world["answered_task"]
    return {"slug": world.project.slug, "campaign_id": task.campaign_id, "task_id": task.pk}


def not_own_sample(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another sample under a campaign that the knocker has answered in."""
    return own_sample(world, knocker) | {"task_id": world["review_task"].pk}


_DECIDE = "label.adjudicate"
_STRAY = (stray_task, foreign_task)
ROWS = [
    Row("annotation:review", {"GET": _DECIDE}, campaign, foreign=(foreign_campaign,)),
    Row("annotation:tasks", {"GET": "campaign.view"}, campaign, foreign=(foreign_campaign,)),
    Row("annotation:decide", {"GET": _DECIDE, "POST": _DECIDE}, task, foreign=_STRAY),
    Row("annotation:reopen", {"POST": _DECIDE}, task, foreign=_STRAY),
    Row("annotation:gold", {"POST": _DECIDE}, task, foreign=_STRAY),
    Row("annotation:task_picture", {"GET": "campaign.view"}, picture, foreign=(foreign_picture,)),
    Row("annotation:feedback", {"GET": "campaign.view"}, campaign, foreign=(foreign_campaign,)),
    Row("annotation:own_feedback", {"GET": "label.give"}, own, foreign=(not_own, foreign_campaign)),
    Row("annotation:own_sample", {"GET": "label.give"}, own_sample, foreign=(not_own_sample,)),
    Row("annotation:api_queue", {"GET": _DECIDE}, campaign, foreign=(foreign_campaign,)),
    Row("annotation:api_tasks", {"GET": "campaign.view"}, campaign, foreign=(foreign_campaign,)),
    Row("annotation:api_task", {"GET": _DECIDE}, task, foreign=_STRAY),
    Row("annotation:api_decisions", {"POST": _DECIDE}, task, foreign=_STRAY, data={"category": "object"}),
    Row("annotation:api_gold", {"POST": _DECIDE}, task, foreign=_STRAY, data={"category": "object"}),
]
