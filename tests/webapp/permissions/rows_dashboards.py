"""The addresses of dashboards."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.rows_annotation_exchange import bare_campaign
from tests.webapp.permissions.rows_annotation_review import campaign, foreign_campaign
from tests.webapp.permissions.world import Knocker, World
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.review.calculations import agreement_of
from workers import calculating

_VIEW = "agreement.view"


def build(world: World) -> None:
    """A campaign of ours whose one sample has an answer, and its report."""
    made = bare_campaign(world.project, world.owner, "Report")
    annotator = made.annotators.get()
    event = Answer(uuid.uuid4(), made.tasks.get().pk, "answer", category="object")
    record_answers(annotator=annotator, events=[event], source="page", now=timezone.now())
    agreement_of(campaign=made, now=timezone.now())
    calculating.work()
    world.things["campaign_with_report"] = made


def file(world: World, knocker: Knocker) -> dict[str, Any]:
    """A file of a report of ours; its campaign has one answer."""
    return {"slug": world.project.slug, "campaign_id": world["campaign_with_report"].pk, "part": "numbers"}


def foreign_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """A file of another project's campaign."""
    return foreign_campaign(world, knocker) | {"part": "numbers"}


ROWS = [
    Row("dashboards:agreement", {"GET": _VIEW}, campaign, foreign=(foreign_campaign,)),
    Row("dashboards:agreement_again", {"POST": _VIEW}, campaign, foreign=(foreign_campaign,)),
    Row("dashboards:agreement_file", {"GET": _VIEW}, file, foreign=(foreign_file,)),
    Row("dashboards:api_agreement", {"GET": _VIEW, "POST": _VIEW}, campaign, foreign=(foreign_campaign,)),
]
