"""The addresses of label files."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from ml_core.taxonomy import DEFAULT
from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project, User
from webapp.annotation.exchange.actions import keep_file
from webapp.annotation.models import Annotator, Campaign, LabelFile, Task
from webapp.annotation.taxonomies.actions import create_taxonomy


def build(world: World) -> None:
    """A campaign with a file that waits, in each project."""
    for name, project, person in (("", world.project, world.owner), ("foreign_", world.foreign, world.outsider)):
        campaign = bare_campaign(project, person, f"Files {name}")
        world.things[f"{name}campaign_with_file"] = campaign
        world.things[f"{name}label_file"] = waiting(campaign, person)


def bare_campaign(project: Project, person: User, name: str) -> Campaign:
    """A campaign of one task and one annotator, without a run."""
    now = timezone.now()
    version = create_taxonomy(project=project, name=f"For {name}", document=DEFAULT, actor=None, now=now)
    campaign = Campaign.objects.create(
        project=project, name=name, taxonomy_version=version, population=1, created_at=now
    )
    Annotator.objects.create(campaign=campaign, user=person, letter="A", joined_at=now)
    text = {"kind": "text", "text": "a cup"}
    Task.objects.create(campaign=campaign, position=0, idx="0", group="A", prompt=text, right=text, given=text)
    return campaign


def waiting(campaign: Campaign, person: User) -> LabelFile:
    """A file whose one row nobody can take, so that taking it changes nothing."""
    annotator = Annotator.objects.get(campaign=campaign)
    data = b"idx,category\n9,object\n"
    return keep_file(
        campaign=campaign, annotator=annotator, name="a.csv", data=data, replace=False, actor=person, now=timezone.now()
    )


def campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our campaign."""
    return {"slug": world.project.slug, "campaign_id": world["campaign_with_file"].pk}


def foreign_campaign(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's campaign under our address."""
    return {"slug": world.project.slug, "campaign_id": world["foreign_campaign_with_file"].pk}


def file(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our file."""
    return campaign(world, knocker) | {"file_id": world["label_file"].pk}


def foreign_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's file under its own campaign and our project."""
    return foreign_campaign(world, knocker) | {"file_id": world["foreign_label_file"].pk}


def stray_file(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's file under our campaign."""
    return campaign(world, knocker) | {"file_id": world["foreign_label_file"].pk}


def lettered(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our annotator's sheets."""
    return campaign(world, knocker) | {"letter": "A"}


def foreign_lettered(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's annotator's sheets."""
    return foreign_campaign(world, knocker) | {"letter": "A"}


_READ = {"GET": "label.exchange"}
_BOTH = {"GET": "label.exchange", "POST": "label.exchange"}
ROWS = [
    Row("annotation:files", _BOTH, campaign, foreign=(foreign_campaign,)),
    Row("annotation:bundle", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:bundle_of", _READ, lettered, foreign=(foreign_lettered,)),
    Row("annotation:labels_jsonl", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:labels_csv", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:labels_labelstudio", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:labels_labelstudio_zip", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:labels_config", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:label_file", _BOTH, file, foreign=(foreign_file, stray_file)),
    Row("annotation:label_file_report", _READ, file, foreign=(foreign_file, stray_file)),
    Row("annotation:api_labels", _BOTH, campaign, foreign=(foreign_campaign,), tells=frozenset({415})),
    Row("annotation:api_label_sheets", _READ, campaign, foreign=(foreign_campaign,)),
    Row("annotation:api_label_file_report", _READ, file, foreign=(foreign_file, stray_file)),
    Row("annotation:api_label_file", _BOTH, file, foreign=(foreign_file, stray_file)),
]
