"""Everything a campaign's labels say at one moment, read once for those who settle or count them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery

from webapp.annotation.campaigns.peers import UNANSWERED
from webapp.annotation.models import Annotator, Campaign, Decision, FirstChoice, Gold, Label, LabelEvent, Slot, Task

Finding = tuple[str, str]  # category and subtype


@dataclass(frozen=True)
class Said:
    """One annotator's answer to a task."""

    idx: str
    letter: str
    category: str
    subtype: str
    at: float
    spent_ms: int | None
    first_choice_ms: int | None = None


@dataclass(frozen=True)
class Sample:
    """A task of the plan as it is settled."""

    id: int
    idx: str
    case_number: int | None
    group: str
    stratum: str


@dataclass(frozen=True)
class Gathered:
    """A campaign's samples, their answers, and what was planted or decided, by idx. Skips are no answers."""

    samples: tuple[Sample, ...]
    answers: tuple[Said, ...]
    gold: dict[str, Finding]
    decided: dict[str, Finding]
    unlabelled: tuple[str, ...]

    @property
    def strata(self) -> dict[str, str]:
        """The stratum of every sample."""
        return {sample.idx: sample.stratum for sample in self.samples}


def gathered(campaign: Campaign) -> Gathered:
    """All of it, in five queries; neither samples taken out as unusable nor the reserve nor `surplus` is part of it."""
    active = Task.objects.filter(campaign=campaign, state=Task.State.ACTIVE).order_by("position")
    samples = tuple(Sample(*row) for row in active.values_list("pk", "idx", "case_number", "group", "stratum"))
    names = {sample.id: sample.idx for sample in samples}
    labels = Label.objects.filter(campaign=campaign).exclude(category="").order_by("task__position", "annotator_id")
    fields = ("pk", "task_id", "annotator__letter", "category", "subtype", "answered_at", "spent_ms", "first_choice_ms")
    beyond = surplus(campaign)
    answers = tuple(
        Said(names[task], letter, category, subtype, at.timestamp(), spent, first)
        for pk, task, letter, category, subtype, at, spent, first in labels.values_list(*fields)
        if task in names and pk not in beyond
    )
    planted = Gold.objects.filter(task__campaign=campaign).order_by("pk")
    reviewed = Decision.objects.filter(campaign=campaign).order_by("pk")
    gold, decided = (_newest(rows.values_list("task_id", "category", "subtype"), names) for rows in (planted, reviewed))
    known = {answer.idx for answer in answers} | set(gold) | set(decided)
    return Gathered(samples, answers, gold, decided, tuple(s.idx for s in samples if s.idx not in known))


def surplus(campaign: Campaign) -> set[int]:
    """The labels outside the plan of samples whose wanted answers are all there without them: they count nowhere.

    Where an answer that was wanted is still to come, or is a skip, one outside the plan stands in for it.
    """
    slots = Slot.objects.filter(campaign=campaign, task=OuterRef("task"))
    lacking = slots.filter(state__in=(*UNANSWERED, Slot.State.FREE, Slot.State.SKIPPED))
    outside = Label.objects.filter(campaign=campaign, slot=None).exclude(category="")
    there = outside.filter(Exists(slots.filter(state=Slot.State.ANSWERED)), ~Exists(lacking))
    return set(there.values_list("pk", flat=True))


def first_told(campaign: Campaign, letter: str = "") -> dict[tuple[int, str], Finding]:
    """What annotators said of gold tasks before they were told the truth, by task and letter: their first answers.

    That is what they are held against gold with; what they say now is what counts for the sample. Empty in a campaign
    that does not tell. Answers outside the plan are told nothing. One query.
    """
    if not campaign.show_gold_feedback:
        return {}
    golds = Gold.objects.filter(task__campaign=campaign).exclude(category="")
    newer = Gold.objects.filter(task=OuterRef("task"), pk__gt=OuterRef("pk"))
    given = Label.objects.filter(task=OuterRef("task_id"), annotator=OuterRef("annotator_id"), slot__isnull=False)
    who = Annotator.objects.filter(pk=OuterRef("annotator_id")).values("letter")
    events = LabelEvent.objects.filter(campaign_id=campaign.pk, kind="answer").annotate(letter=Subquery(who))
    events = events.filter(Exists(given), task_id__in=golds.filter(~Exists(newer)).values("task_id"))
    events = events.filter(letter=letter) if letter else events
    rows = events.order_by("task_id", "annotator_id", "pk").distinct("task_id", "annotator_id")
    fields = ("task_id", "letter", "state__category", "state__subtype")
    return {(task, name): (category, subtype) for task, name, category, subtype in rows.values_list(*fields)}


def held_against(campaign: Campaign, found: Gathered) -> dict[tuple[str, str], str]:
    """The same by idx and letter, categories alone, of the samples that are part of `found`."""
    names = {sample.id: sample.idx for sample in found.samples}
    told = first_told(campaign).items()
    return {(names[task], letter): category for (task, letter), (category, _) in told if task in names}


def first_choices(campaign: Campaign) -> dict[tuple[str, str], str]:
    """What each annotator (idx, letter) chose before they were told which side is which; a blind campaign keeps it."""
    if not campaign.blind:
        return {}
    idx_of = dict(Task.objects.filter(campaign=campaign).values_list("pk", "idx"))
    letter_of = dict(Annotator.objects.filter(campaign=campaign).values_list("pk", "letter"))
    rows = FirstChoice.objects.filter(campaign_id=campaign.pk).values_list("task_id", "annotator_id", "category")
    return {(idx_of[task], letter_of[annotator]): category for task, annotator, category in rows}


def stamp(campaign: Campaign) -> str:
    """The moment as what has happened so far: histories only grow, so the newest ids say all, with the taxonomy's
    version, whose categories and words are counted and shown, and the surplus, which may change as people join."""
    events = LabelEvent.objects.filter(campaign_id=campaign.pk).order_by("-id").values_list("pk", flat=True).first()
    decisions = Decision.objects.filter(campaign=campaign).order_by("-id").values_list("pk", flat=True).first()
    golds = Gold.objects.filter(task__campaign=campaign).order_by("-id").values_list("pk", flat=True).first()
    gone = Task.objects.filter(campaign=campaign, state=Task.State.UNUSABLE).count()
    beyond = len(surplus(campaign))
    moment = f"{campaign.pk}:{events or 0}:{decisions or 0}:{golds or 0}:{gone}:{campaign.taxonomy_version_id}"
    return f"{moment}:{beyond}" if beyond else moment


def _newest(rows: Iterable[tuple[int, str, str]], names: dict[int, str]) -> dict[str, Finding]:
    """The newest of each task, of rows from the oldest; an empty one takes the earlier back."""
    found: dict[str, Finding] = {}
    for task, category, subtype in rows:
        if task not in names:
            continue
        if category:
            found[names[task]] = (category, subtype)
        else:
            found.pop(names[task], None)
    return found
