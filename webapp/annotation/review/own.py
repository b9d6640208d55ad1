"""An annotator's own answers beside what is known to be true: sample by sample, once their share is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from webapp.annotation.labelling.answers import Handed
from webapp.annotation.models import Annotator, Campaign, Decision, Gold, Label, Task
from webapp.annotation.review.calculations import consensus_of
from webapp.annotation.review.gathering import Finding, first_told

PAGE = 24
GOLD, DECISION, CONSENSUS = "gold", "decision", "consensus"


@dataclass(frozen=True)
class Truth:
    """What a sample is taken to be, and by what: a planted truth, a reviewer's decision, or the others and the model.

    A consensus is told in a finished campaign only: before, it would lead people to what the others said.
    """

    category: str
    subtype: str
    by: str
    explanation: str = ""
    posterior: float | None = None


@dataclass(frozen=True)
class Compared:
    """A sample that somebody answered. `truth` is None where nothing is known of it.

    Where gold is told at once, the answer is the first they gave: what they said before they were told.
    """

    task: Handed
    idx: str
    position: int
    category: str
    subtype: str
    truth: Truth | None

    @property
    def right(self) -> bool:
        """Whether the answer is the truth, as far as categories go."""
        return self.truth is not None and self.category == self.truth.category


@dataclass(frozen=True)
class Wished:
    """Which of them: all or only those where another thing is true; those that said one thing where it is another."""

    every: bool = False
    said: str = ""
    truth: str = ""
    after: int = -1

    def address(self, **more: object) -> dict[str, str]:
        """As the query of an address, what says nothing left out."""
        values = vars(self) | {"every": "1" if self.every else ""} | more
        return {name: str(value) for name, value in values.items() if value not in ("", -1, None)}


def truths_of(campaign: Campaign) -> dict[int, Truth]:
    """By task: a reviewer's decision, else what is planted, else the consensus of a finished campaign."""
    found: dict[int, Truth] = {}
    if campaign.state == Campaign.State.FINISHED:
        ids = dict(Task.objects.filter(campaign=campaign).values_list("idx", "pk"))
        for idx, settled in consensus_of(campaign).items():
            if idx in ids and settled.answers > 1:
                found[ids[idx]] = Truth(settled.category, "", CONSENSUS, posterior=settled.posterior)
    for gold in Gold.objects.filter(task__campaign=campaign).order_by("task_id", "-id").distinct("task_id"):
        if gold.category:
            found[gold.task_id] = Truth(gold.category, gold.subtype, GOLD, gold.explanation)
    for row in Decision.objects.filter(campaign=campaign).order_by("task_id", "-id").distinct("task_id"):
        if row.category:
            found[row.task_id] = Truth(row.category, row.subtype, DECISION)
    return found


def compared(annotator: Annotator, wished: Wished, size: int = PAGE) -> tuple[list[Compared], int | None]:
    """A page of somebody's answers to samples whose truth is known, in the order of the plan; where the next begins."""
    truths, first = truths_of(annotator.campaign), _first(annotator)
    labels = _answered(annotator, first).filter(task__position__gt=wished.after)
    now = dict(labels.order_by("task__position").values_list("task_id", "category"))
    meant = [
        task_id
        for task_id, said in (now | {task: first[task][0] for task in now.keys() & first}).items()
        if (truth := truths.get(task_id)) is not None
        and (wished.every or said != truth.category)
        and wished.said in ("", said)
        and wished.truth in ("", truth.category)
    ]
    shown = labels.filter(task__in=meant[:size]).select_related("task").order_by("task__position")
    rows = [_compared(label, truths, first) for label in shown]
    return rows, (rows[-1].position if len(meant) > size else None)


def compared_with(annotator: Annotator, task_id: int) -> Compared | None:
    """One of somebody's answers; None where they gave none."""
    first = _first(annotator)
    rows = _answered(annotator, first).filter(task=task_id).select_related("task") if task_id < 2**63 else None
    label = rows.first() if rows is not None else None
    return _compared(label, truths_of(annotator.campaign), first) if label is not None else None


def _first(annotator: Annotator) -> dict[int, Finding]:
    return {task: said for (task, _), said in first_told(annotator.campaign, annotator.letter).items()}


def _answered(annotator: Annotator, first: Mapping[int, Finding]) -> QuerySet[Label]:
    return Label.objects.filter(Q(task__in=list(first)) | ~Q(category=""), annotator=annotator)


def _compared(label: Label, truths: Mapping[int, Truth], first: Mapping[int, Finding]) -> Compared:
    task = label.task
    handed = Handed(task.pk, task.prompt, task.right, task.given)
    said = first.get(task.pk, (label.category, label.subtype))
    return Compared(handed, task.idx, task.position, *said, truths.get(task.pk))
