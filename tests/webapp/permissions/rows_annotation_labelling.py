"""The addresses of labelling: a campaign opens only to its annotators, whatever their role."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.ml_core.small_sets import picture as small_picture
from tests.webapp.permissions.rows import Kwargs, Row
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project
from webapp.annotation.labelling.presenting import picture_name
from webapp.annotation.models import Annotator, Campaign, Slot, Task
from webapp.annotation.taxonomies.actions import default_version
from webapp.corpora.files import store


def build(world: World) -> None:
    """A campaign of every member in our project, one without anybody of ours there, one in the other project."""
    users = {knocker.user for knocker in world.knockers if knocker.user and knocker.role}
    world.things["labelling"] = _campaign(world.project, "Everybody", users)
    world.things["labelling_of_others"] = _campaign(world.project, "Others", {world.member})
    world.things["labelling_elsewhere"] = _campaign(world.foreign, "Elsewhere", {world.outsider, world.owner})


def _campaign(project: Project, name: str, users: set[Any]) -> Campaign:
    now = timezone.now()
    campaign = Campaign.objects.create(
        project=project, name=name, taxonomy_version=default_version(project=project, now=now), population=1,
        created_at=now,
    )  # fmt: skip
    store().write_bytes("uploads/cup.png", small_picture(1))
    text = {"kind": "text", "text": "a cup"}
    shown = {"kind": "picture", "key": "uploads/cup.png", "width": 40, "height": 30, "name": "cup"}
    task = Task.objects.create(
        campaign=campaign, position=0, idx="0", group="overlap", prompt=text, right=shown, given=shown
    )
    for number, user in enumerate(sorted(users, key=lambda user: user.pk)):
        person = Annotator.objects.create(campaign=campaign, user=user, letter=f"A{number}", joined_at=now)
        Slot.objects.create(campaign=campaign, task=task, number=number, annotator=person, position=0, state="open")
    return campaign


def of(thing: str, **more: Any) -> Kwargs:
    """An address of one of our campaigns, under our project."""

    def kwargs(world: World, knocker: Knocker) -> dict[str, Any]:
        return {"slug": world.project.slug, "campaign_id": world[thing].pk, **more}

    return kwargs


def picture(thing: str) -> Kwargs:
    """A picture's address as the knocker's own page would have it."""

    def kwargs(world: World, knocker: Knocker) -> dict[str, Any]:
        campaign = world[thing]
        person = Annotator.objects.filter(campaign=campaign, user=knocker.user).first() or campaign.annotators.first()
        person.campaign = campaign
        task = Task.objects.get(campaign=campaign)
        name = picture_name(person, task.pk, "a")
        return {"slug": world.project.slug, "campaign_id": campaign.pk, "name": name, "size": "view"}

    return kwargs


HERE, FOREIGN = of("labelling"), (of("labelling_of_others"), of("labelling_elsewhere"))
GIVE = "label.give"

ROWS = [
    Row("annotation:label", {"GET": GIVE}, HERE, FOREIGN),
    Row("annotation:label_answers", {"GET": GIVE, "POST": GIVE}, HERE, FOREIGN),
    Row("annotation:label_next", {"GET": GIVE}, HERE, FOREIGN),
    Row("annotation:label_reveal", {"POST": GIVE}, HERE, FOREIGN),
    Row("annotation:label_done", {"GET": GIVE}, HERE, FOREIGN),
    Row("annotation:label_lease", {"POST": GIVE}, HERE, FOREIGN),
    Row("annotation:label_keys", {"POST": GIVE}, HERE, FOREIGN),
    Row("annotation:label_picture", {"GET": GIVE}, picture("labelling"),
        (picture("labelling_of_others"), picture("labelling_elsewhere"), of("labelling", name="1-a-no", size="view"))),
]  # fmt: skip
