"""Opens campaigns and changes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ml_core.failures.sampling import BACKUP, OVERLAP, share_names
from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.capabilities import role_may
from webapp.accounts.models import Membership, Project, User
from webapp.annotation.campaigns.plans import POOL, Drawn, Wish, drawn_from_run, drawn_from_upload
from webapp.annotation.campaigns.tasks import tasks_of, tasks_of_upload
from webapp.annotation.campaigns.uploads import Upload
from webapp.annotation.models import Annotator, Campaign, Slot, Task, TaxonomyVersion
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run
from webapp.experiments.queries.details import corpus_of

# A campaign's tasks, slots and people are new to the planner: the statistics are made anew (by the tables' owner).
LOOKED_AT = "SELECT nearmiss_look_at_labelling()"


@transaction.atomic
def open_campaign(
    *,
    project: Project,
    name: str,
    run: Run,
    filters: Filters,
    taxonomy_version: TaxonomyVersion,
    annotators: Sequence[User],
    size: int = 200,
    overlap: int = 30,
    backup: int = 20,
    seed: int = 0,
    stratify: str = "",
    mode: str = "shares",
    quota: int | None = None,
    blind: bool = False,
    submit_on_choice: bool = False,
    ask_confidence: bool = False,
    show_gold_feedback: bool = False,
    simulated: bool = False,
    instructions: str = "",
    among: Collection[int] | None = None,
    source: Mapping[str, Any] | None = None,
    actor: User | None,
    now: datetime,
) -> Campaign:
    """A campaign on a sample of a run's cases, with its tasks and the answers that are wanted.

    `among`: only cases with these numbers. `source`: what the campaign keeps of where they come from, beside the
    filters.
    BadInput where nothing matches, the numbers do not fit, somebody may not label here, or the name is taken.
    """
    wish = Wish(size, overlap, backup, len(annotators), seed, stratify, mode)
    people = _people(project, annotators)
    drawn = drawn_from_run(run, filters, wish, among)
    corpus_id = corpus_of(run)
    campaign = Campaign(
        project=project,
        name=free_name(project, name),
        taxonomy_version=taxonomy_version,
        run=run,
        corpus_id=corpus_id,
        source={"direction": filters.direction, "query": filters.address(), **(source or {})},
        blind=blind,
        submit_on_choice=submit_on_choice,
        ask_confidence=ask_confidence,
        show_gold_feedback=show_gold_feedback,
        simulated=simulated,
        instructions=instructions,
    )
    return _opened(campaign, drawn, people, quota, lambda: tasks_of(campaign, run, corpus_id, drawn), actor, now)


@transaction.atomic
def open_uploaded(
    *,
    project: Project,
    name: str,
    upload: Upload,
    taxonomy_version: TaxonomyVersion,
    annotators: Sequence[User],
    size: int = 200,
    overlap: int = 30,
    backup: int = 20,
    seed: int = 0,
    stratify: str = "",
    mode: str = "shares",
    quota: int | None = None,
    actor: User | None,
    now: datetime,
    **page: Any,
) -> Campaign:
    """A campaign on the samples of an upload; `stratify` "file" takes the strata of its CSV. `page`: blind,
    submit_on_choice, ask_confidence, show_gold_feedback, simulated, instructions. BadInput as in open_campaign."""
    wish = Wish(size, overlap, backup, len(annotators), seed, stratify, mode)
    people = _people(project, annotators)
    drawn = drawn_from_upload(upload, wish)
    campaign = Campaign(
        project=project,
        name=free_name(project, name),
        taxonomy_version=taxonomy_version,
        source={"upload": upload.digest, "name": upload.name},
        **page,
    )
    return _opened(campaign, drawn, people, quota, lambda: tasks_of_upload(campaign, upload, drawn), actor, now)


def _opened(
    campaign: Campaign,
    drawn: Drawn,
    people: Sequence[User],
    quota: int | None,
    tasks: Callable[[], list[Task]],
    actor: User | None,
    now: datetime,
) -> Campaign:
    """Writes it all: the campaign with its plan, its tasks, its annotators, the answers that are wanted."""
    campaign.mode, campaign.plan, campaign.population = drawn.wish.mode, drawn.wish.as_json(), drawn.population
    campaign.strata = {row.name: {"population": row.population, "sampled": row.sampled} for row in drawn.table}
    campaign.created_by, campaign.created_at = actor, now
    campaign.save(force_insert=True)
    fill(campaign, Task.objects.bulk_create(tasks(), batch_size=1000), people, quota, now)
    told = {"samples": drawn.active, "answers": drawn.answers, "annotators": len(people), "campaign": campaign.pk}
    if campaign.run_id:
        told["run"] = campaign.run_id
    record(verb="campaign.opened", actor=actor, project=campaign.project, target=campaign.name, details=told, now=now)
    transaction.on_commit(_told_to_the_planner)
    return campaign


def _told_to_the_planner() -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_AT)


@transaction.atomic
def replace_unusable(*, task: Task, reason: str, actor: User | None, now: datetime) -> Task | None:
    """Takes a sample out that cannot be labelled; the next of the backup, of its stratum first, takes its place.

    Answers given stay. Who was to label it, or has, labels the other instead; an overlap sample's replacement is for
    everybody.
    None where the backup is used up. Doing it again changes nothing.
    """
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=task.campaign_id)
    people = list(Annotator.objects.select_for_update(no_key=True).filter(campaign=campaign).order_by("pk"))
    task = Task.objects.select_for_update().get(pk=task.pk)
    if task.state == Task.State.UNUSABLE:
        return task.replaced_by.first()
    slots = list(Slot.objects.select_for_update().filter(task=task).order_by("number"))
    open_states = (Slot.State.FREE, Slot.State.OPEN, Slot.State.LEASED)
    wanted = [slot for slot in slots if slot.state != Slot.State.WITHDRAWN]
    ended = [slot for slot in slots if slot.state in (*open_states, Slot.State.SKIPPED)]
    backup = _next_backup(campaign, task)
    Task.objects.filter(pk=task.pk).update(state=Task.State.UNUSABLE, unusable_reason=reason[:300])
    Slot.objects.filter(pk__in=[slot.pk for slot in ended]).update(state=Slot.State.WITHDRAWN, lease_until=None)
    held = Counter(slot.annotator_id for slot in ended if slot.annotator_id)
    if backup is not None:
        backup.group, backup.state, backup.replaces = task.group, Task.State.ACTIVE, task
        backup.save(update_fields=["group", "state", "replaces"])
        fresh = [
            Slot(
                campaign=campaign,
                task=backup,
                number=number,
                annotator_id=slot.annotator_id,
                position=backup.position,
                state=Slot.State.OPEN if slot.annotator_id else Slot.State.FREE,
            )
            for number, slot in enumerate(_still_here(wanted, people, campaign.mode, task.group), start=1)
        ]
        Slot.objects.bulk_create(fresh)
        held.subtract(slot.annotator_id for slot in fresh if slot.annotator_id)
    for person in people:
        if held[person.pk]:
            Annotator.objects.filter(pk=person.pk).update(held=F("held") - held[person.pk])
    told: dict[str, object] = {"sample": task.idx, "reason": reason, "replacement": backup.idx if backup else None}
    told["campaign"] = campaign.pk
    record(
        verb="campaign.sample_replaced",
        actor=actor,
        project=campaign.project,
        target=campaign.name,
        details=told,
        now=now,
    )
    return backup


def _next_backup(campaign: Campaign, task: Task) -> Task | None:
    reserve = Task.objects.select_for_update().filter(campaign=campaign, state=Task.State.RESERVE).order_by("position")
    return reserve.filter(stratum=task.stratum).first() or reserve.first()


def _still_here(slots: Sequence[Slot], people: Sequence[Annotator], mode: str, group: str) -> list[Slot]:
    """The slots as the replacement wants them: in a pool nobody's, else of those who have not left.

    A sample of one's own whose annotator has left goes to who holds least.
    """
    if mode == POOL:
        return [Slot(annotator_id=None) for _ in slots]
    here = {person.pk: person for person in people if person.left_at is None}
    kept = [slot for slot in slots if slot.annotator_id in here]
    if kept or group == OVERLAP or not here:
        return kept
    heir = min(here.values(), key=lambda person: (person.held, person.pk))
    return [Slot(annotator_id=heir.pk)]


def fill(campaign: Campaign, tasks: Sequence[Task], people: Sequence[User], quota: int | None, now: datetime) -> None:
    """The campaign's annotators under their letters, and a slot for every answer that is wanted."""
    letters = share_names(len(people))
    rows = Annotator.objects.bulk_create(
        Annotator(campaign=campaign, user=user, letter=letter, quota=quota, joined_at=now)
        for letter, user in zip(letters, people, strict=True)
    )
    by_letter = {row.letter: row for row in rows}
    pool = campaign.mode == POOL
    slots: list[Slot] = []
    for task in tasks:
        if task.group == BACKUP:
            continue
        holders = rows if task.group == OVERLAP else [by_letter.get(task.group)]
        slots += [
            Slot(
                campaign=campaign,
                task=task,
                number=number,
                annotator=None if pool else holder,
                position=task.position,
                state=Slot.State.FREE if pool else Slot.State.OPEN,
            )
            for number, holder in enumerate(holders, start=1)
        ]
    Slot.objects.bulk_create(slots, batch_size=2000)
    for row in [] if pool else rows:
        row.held = sum(slot.annotator_id == row.pk for slot in slots)
    Annotator.objects.bulk_update(rows, ["held"])


def free_name(project: Project, name: str) -> str:
    """A campaign's name, tidied; BadInput where it is empty or taken."""
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise BadInput(_("A campaign needs a name of at most 120 characters."), field="name")
    if Campaign.objects.filter(project=project, name=name).exists():
        raise BadInput(_("This project has a campaign “%(name)s” already.") % {"name": name}, field="name")
    return name


def _people(project: Project, annotators: Sequence[User]) -> list[User]:
    if not annotators:
        raise BadInput(_("Choose at least one annotator."), field="annotators")
    if len({user.pk for user in annotators}) != len(annotators):
        raise BadInput(_("Somebody is named twice."), field="annotators")
    roles = dict(
        Membership.objects.filter(project=project, user__in=annotators, user__is_active=True).values_list(
            "user", "role"
        )
    )
    for user in annotators:
        if not role_may(roles.get(user.pk), "label.give"):
            raise BadInput(_("%(name)s may not label in this project.") % {"name": user.username}, field="annotators")
    return list(annotators)
