"""The addresses of taxonomies."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from ml_core.taxonomy import DEFAULT
from tests.ml_core.small_sets import picture as small_picture
from tests.webapp.permissions.rows import Kwargs, Row, in_project
from tests.webapp.permissions.rows_annotation_review import foreign_task, stray_task, task
from tests.webapp.permissions.rows_cases import case, foreign_case
from tests.webapp.permissions.world import Knocker, World
from webapp.annotation.taxonomies.actions import create_taxonomy, keep_picture


def build(world: World) -> None:
    """A taxonomy with a picture in each project."""
    now = timezone.now()
    for name, project in (("", world.project), ("foreign_", world.foreign)):
        made = create_taxonomy(project=project, name="Knocked at", document=DEFAULT, actor=None, now=now).taxonomy
        world.things[f"{name}taxonomy"] = made
        world.things[f"{name}guide_picture"] = keep_picture(taxonomy=made, data=small_picture(1), now=now)


def at(thing: str, picture: str = "", **more: Any) -> Kwargs:
    """A taxonomy under our project, with a picture where one is named."""

    def kwargs(world: World, knocker: Knocker) -> dict[str, Any]:
        named = {"picture_id": world[picture].pk} if picture else {}
        return {"slug": world.project.slug, "taxonomy_id": world[thing].pk, **more, **named}

    return kwargs


VIEW, MANAGE = "taxonomy.view", "taxonomy.manage"
OURS, THEIRS = at("taxonomy"), (at("foreign_taxonomy"),)
NUMBERED, THEIR_NUMBERED = at("taxonomy", number=1), (at("foreign_taxonomy", number=1), at("taxonomy", number=99))
PICTURED = at("taxonomy", "guide_picture")
THEIR_PICTURED = (at("taxonomy", "foreign_guide_picture"), at("foreign_taxonomy", "foreign_guide_picture"))
ROWS = [
    Row("annotation:taxonomies", {"GET": VIEW, "POST": MANAGE}, in_project),
    Row("annotation:example_of_case", {"GET": MANAGE, "POST": MANAGE}, case, (foreign_case,)),
    Row("annotation:example_of_sample", {"GET": MANAGE, "POST": MANAGE}, task, (stray_task, foreign_task)),
    Row("annotation:taxonomy", {"GET": VIEW}, OURS, THEIRS),
    Row("annotation:taxonomy_edit", {"GET": MANAGE, "POST": MANAGE}, OURS, THEIRS),
    Row("annotation:taxonomy_archive", {"POST": MANAGE}, OURS, THEIRS),
    Row("annotation:taxonomy_version", {"GET": VIEW}, NUMBERED, THEIR_NUMBERED),
    Row("annotation:taxonomy_file", {"GET": VIEW}, NUMBERED, THEIR_NUMBERED),
    Row("annotation:taxonomy_picture", {"GET": VIEW}, PICTURED, THEIR_PICTURED),
    Row("annotation:api_taxonomies", {"GET": VIEW, "POST": MANAGE}, in_project),
    Row("annotation:api_taxonomy", {"GET": VIEW, "POST": MANAGE, "PATCH": MANAGE}, OURS, THEIRS),
    Row("annotation:api_taxonomy_copies", {"POST": MANAGE}, OURS, THEIRS),
    Row("annotation:api_taxonomy_pictures", {"GET": VIEW, "POST": MANAGE}, OURS, THEIRS),
    Row("annotation:api_taxonomy_picture", {"GET": VIEW}, PICTURED, THEIR_PICTURED),
]  # fmt: skip
