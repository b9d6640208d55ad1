"""Opens the campaign that labels what a run broke."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from ml_core.taxonomy_of_classes import for_classes
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.actions import open_campaign
from webapp.annotation.campaigns.plans import MOST
from webapp.annotation.campaigns.queries import labellers
from webapp.annotation.models import Annotator, Campaign
from webapp.annotation.taxonomies.actions import CLASSIFY, default_version
from webapp.annotation.taxonomies.queries import document_of, newest_of
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run
from webapp.verdicts.ledger.sources import BROKEN, broken_source

OVERLAP, PEOPLE = 30, 3  # as the form of a new campaign has them
_BROKEN = (
    "SELECT after.number FROM experiments_case before JOIN experiments_case after ON after.run_id = %s"
    " AND after.number = before.number AND after.direction = before.direction AND after.prompt = before.prompt"
    " WHERE before.run_id = %s AND before.direction = %s AND before.rank = 1 AND after.rank > 1"
)


@transaction.atomic
def label_broken(
    *, project: Project, baseline: Run, run: Run, direction: str, like: Campaign | None, actor: User, now: datetime
) -> tuple[Campaign, bool]:
    """The blind campaign on every query that `run` broke, and whether it is new: asked again, it is the same one.

    `like`: the campaign on the baseline's failures, whose people and taxonomy it takes. BadInput where nothing is
    broken or nobody may label.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    source = {BROKEN: broken_source((baseline.pk, baseline.attempt), (run.pk, run.attempt))}
    there = Campaign.objects.filter(
        project=project, run=run, source__direction=direction, source__broken=source[BROKEN]
    )
    if (found := there.order_by("pk").first()) is not None:
        return found, False
    numbers = _broken(baseline, run, direction)
    if not numbers:
        raise BadInput(_("Run %(run)d broke nothing that run %(baseline)d got right.") % _ids(run, baseline))
    if len(numbers) > MOST:
        said = _(
            "It broke %(n)s queries, more than a campaign holds (%(most)s): label a sample of the successes instead."
        )
        raise BadInput(said % {"n": f"{len(numbers):,}", "most": f"{MOST:,}"})
    people = _people(project, like, actor)
    overlap = OVERLAP if len(numbers) - OVERLAP >= len(people) else len(numbers)
    fits = like is not None and for_classes(document_of(like.taxonomy_version)) == (direction == CLASSIFY)
    version = (
        newest_of(like.taxonomy_version)
        if like and fits
        else default_version(project=project, now=now, direction=direction)
    )
    made = open_campaign(
        project=project, name=_name(project, baseline, run, direction), run=run, filters=Filters(direction=direction),
        taxonomy_version=version, annotators=people, size=len(numbers), overlap=overlap, backup=0, blind=True,
        among=numbers, source=source, actor=actor, now=now,
    )  # fmt: skip
    return made, True


def _broken(baseline: Run, run: Run, direction: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN, [run.pk, baseline.pk, direction])
        return [number for (number,) in cursor.fetchall()]


def _people(project: Project, like: Campaign | None, actor: User) -> list[User]:
    """Who labelled the failures and still may, else the first annotators, else who asks."""
    may = {row.user_id: row for row in labellers(project)}
    before = Annotator.objects.filter(campaign=like, left_at=None).order_by("pk") if like else Annotator.objects.none()
    same = [may[number].user for number in before.values_list("user_id", flat=True) if number in may]
    first = [row.user for row in may.values() if row.role == "annotator"][:PEOPLE]
    people = same or first or [row.user for row in may.values() if row.user_id == actor.pk]
    if not people:
        raise BadInput(_("Nobody in this project may label. Invite an annotator first."))
    return people


def _name(project: Project, baseline: Run, run: Run, direction: str) -> str:
    """A name that does not tell annotators what they look at, and that is free."""
    name = _("Ledger %(baseline)d/%(run)d, %(direction)s") % {**_ids(run, baseline), "direction": direction}
    taken = set(Campaign.objects.filter(project=project, name__startswith=name).values_list("name", flat=True))
    free = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in free if one not in taken)


def _ids(run: Run, baseline: Run) -> dict[str, int]:
    return {"run": run.pk, "baseline": baseline.pk}
