"""The addresses of campaigns."""

from __future__ import annotations

from typing import Any

from tests.ml_core.small_sets import picture as picture_of
from tests.webapp.annotation_parts import zipped
from tests.webapp.permissions.rows import Row, in_project
from tests.webapp.permissions.rows_annotation_exchange import bare_campaign
from tests.webapp.permissions.world import Knocker, World
from webapp.annotation.campaigns.uploads import keep
from webapp.annotation.models import Annotator


def build(world: World) -> None:
    """A campaign in each project."""
    world.things["a_campaign"] = bare_campaign(world.project, world.owner, "Plain")
    world.things["a_foreign_campaign"] = bare_campaign(world.foreign, world.outsider, "Plain elsewhere")
    for name, project in (("an_upload", world.project), ("a_foreign_upload", world.foreign)):
        world.things[name] = keep(
            project, "samples.zip", zipped(f"caption,gt\n{name},a.png\n", {"a.png": picture_of(1)})
        )


def campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our campaign."""
    return {"slug": world.project.slug, "campaign_id": world["a_campaign"].pk}


def foreign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's campaign under our address."""
    return {"slug": world.project.slug, "campaign_id": world["a_foreign_campaign"].pk}


def person(world: World, knocker: Knocker) -> dict[str, Any]:
    """Somebody in our campaign."""
    return campaign(world, knocker) | {"annotator_id": Annotator.objects.get(campaign=world["a_campaign"]).pk}


def foreign_person(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's annotator under its own campaign and our project."""
    return foreign(world, knocker) | {"annotator_id": Annotator.objects.get(campaign=world["a_foreign_campaign"]).pk}


def stray_person(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's annotator under our campaign."""
    return campaign(world, knocker) | {"annotator_id": foreign_person(world, knocker)["annotator_id"]}


def picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """A picture of our upload."""
    return _picture(world, "an_upload")


def foreign_picture(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's upload's picture under our project."""
    return _picture(world, "a_foreign_upload")


def _picture(world: World, name: str) -> dict[str, Any]:
    upload = world[name]
    key = upload.samples[0].right["key"]
    shown = str(key).rpartition("/")[2].removesuffix(".webp")
    return {"slug": world.project.slug, "digest": upload.digest, "name": shown}


VIEW, MANAGE = "campaign.view", "campaign.manage"
_POST = {"POST": MANAGE}
_PEOPLE = (foreign_person, stray_person)
ROWS = [
    Row("annotation:desk", {"GET": "label.give"}, in_project),
    Row("annotation:campaigns", {"GET": VIEW}, in_project),
    Row("annotation:campaign_new", {"GET": MANAGE, "POST": MANAGE}, in_project),
    Row("annotation:campaign_upload", {"GET": MANAGE, "POST": MANAGE}, in_project),
    Row("annotation:upload_picture", {"GET": MANAGE}, picture, (foreign_picture,)),
    Row("annotation:campaign", {"GET": VIEW}, campaign, (foreign,)),
    Row("annotation:campaign_change", _POST, campaign, (foreign,)),
    Row("annotation:campaign_join", _POST, campaign, (foreign,)),
    Row("annotation:campaign_leave", _POST, person, _PEOPLE),
    Row("annotation:campaign_quota", _POST, person, _PEOPLE),
    Row("annotation:campaign_remind", _POST, person, _PEOPLE),
    Row("annotation:api_campaigns", {"GET": VIEW, "POST": MANAGE}, in_project),
    Row("annotation:api_campaign_plan", _POST, in_project),
    Row("annotation:api_campaign_uploads", _POST, in_project, tells=frozenset({415})),
    Row("annotation:api_campaign", {"GET": VIEW, "PATCH": MANAGE}, campaign, (foreign,)),
    Row("annotation:api_campaign_annotators", {"GET": VIEW, "POST": MANAGE}, campaign, (foreign,)),
    Row("annotation:api_campaign_annotator", {"PATCH": MANAGE, "DELETE": MANAGE}, person, _PEOPLE),
    Row("annotation:api_campaign_reminders", _POST, person, _PEOPLE),
    Row("annotation:api_campaign_replacements", _POST, campaign, (foreign,)),
]
