"""Reads for reviewers: a task with everything said of it, the list of tasks, who errs how."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.crypto import salted_hmac

from webapp.accounts.models import User
from webapp.annotation.campaigns.peers import UNANSWERED
from webapp.annotation.campaigns.queries import letters_of
from webapp.annotation.models import Campaign, Decision, Gold, Label, Slot, Task
from webapp.annotation.review.gathering import first_told
from webapp.annotation.review.queueing import DISAGREEMENT, Sought, queue

PAGE = 24


@dataclass(frozen=True)
class Answer:
    """What one annotator says of a task."""

    letter: str
    name: str
    category: str
    subtype: str
    skip_reason: str
    confidence: int | None
    note: str
    flagged: bool
    spent_ms: int | None
    first_choice_ms: int | None
    at: datetime


@dataclass(frozen=True)
class Past:
    """One entry of a task's history of decisions."""

    category: str
    subtype: str
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Standing:
    """A task with everything said of it. `decision` and `gold` are the newest ones that hold."""

    task: Task
    answers: tuple[Answer, ...]
    awaited: int  # answers that are still to come
    decision: Past | None
    gold: Gold | None
    history: tuple[Past, ...] = ()

    @property
    def said(self) -> tuple[Answer, ...]:
        """The answers that name a category."""
        return tuple(answer for answer in self.answers if answer.category)


@dataclass(frozen=True)
class Filters:
    """What narrows the list of tasks: by group, state, what annotators said (`a` said `x`, `b` said `y`), marks."""

    group: str = ""
    category: str = ""
    a: str = ""
    x: str = ""
    b: str = ""
    y: str = ""
    truth: str = ""
    mark: str = ""  # flagged, skipped, decided, gold, unusable, differ
    after: int = -1

    def address(self, **more: object) -> dict[str, str]:
        """As the query of an address, what says nothing left out."""
        values = vars(self) | more
        return {name: str(value) for name, value in values.items() if value not in ("", -1, None)}


MARKS = ("flagged", "skipped", "differ", "decided", "gold", "unusable")


@dataclass(frozen=True)
class Cell:
    """How often an annotator said one thing where the truth is another."""

    truth: str
    said: str
    count: int
    truth_name: str
    said_name: str


@dataclass(frozen=True)
class Feedback:
    """An annotator against what was planted or decided."""

    letter: str
    name: str
    right: int
    of: int
    cells: tuple[Cell, ...] = field(default=())


def task_of(campaign: Campaign, task_id: int) -> Task | None:
    """A task of this campaign."""
    return Task.objects.filter(campaign=campaign, pk=task_id).first() if task_id < 2**63 else None


def standing_of(task: Task) -> Standing:
    """One task with its answers in an order that tells nothing of who gave them, and its whole history."""
    answers = [_answer(label) for label in _labels(task.campaign).filter(task=task)]
    answers.sort(key=lambda answer: salted_hmac("nearmiss.review", f"{task.pk}:{answer.letter}").hexdigest())
    decisions = [
        Past(row.category, row.subtype, row.reason, _name_of(row.decided_by_id), row.at)
        for row in Decision.objects.filter(task=task).order_by("-id")
    ]
    gold = Gold.objects.filter(task=task).order_by("-id").first()
    awaited = Slot.objects.filter(task=task, state__in=(*UNANSWERED, Slot.State.FREE)).count()
    newest = decisions[0] if decisions and decisions[0].category else None
    kept = gold if gold is not None and gold.category else None
    return Standing(task, tuple(answers), awaited, newest, kept, tuple(decisions))


def page_of(campaign: Campaign, filters: Filters, size: int = PAGE) -> tuple[list[Standing], int | None]:
    """A page of tasks with what was said of them, and where the next one begins. Four queries."""
    rows = _narrowed(campaign, filters)
    tasks = list(rows.filter(position__gt=filters.after).order_by("position")[: size + 1])
    shown = tasks[:size]
    ids = [task.pk for task in shown]
    answers: dict[int, list[Answer]] = defaultdict(list)
    for label in _labels(campaign).filter(task__in=ids).order_by("annotator_id"):
        answers[label.task_id].append(_answer(label))
    decided = {row.task_id: row for row in _newest(Decision.objects.filter(task__in=ids)) if row.category}
    golds = {row.task_id: row for row in _newest(Gold.objects.filter(task__in=ids)) if row.category}
    found = []
    for task in shown:
        row = decided.get(task.pk)
        past = Past(row.category, row.subtype, row.reason, "", row.at) if row else None
        found.append(Standing(task, tuple(answers[task.pk]), 0, past, golds.get(task.pk)))
    return found, (shown[-1].position if len(tasks) > size else None)


def count_of(campaign: Campaign, filters: Filters) -> int:
    """How many tasks match."""
    return _narrowed(campaign, filters).count()


def feedback_of(campaign: Campaign, words: Mapping[str, str], letter: str = "") -> list[Feedback]:
    """Each annotator against what is planted or decided: what they say where it is another thing, commonest first.

    `words`: the categories' names by key. Where gold is told at once, it is held against what was said before.
    """
    truth = {row.task_id: row.category for row in _newest(Gold.objects.filter(task__campaign=campaign)) if row.category}
    truth |= {row.task_id: row.category for row in _newest(Decision.objects.filter(campaign=campaign)) if row.category}
    names = letters_of(campaign)
    said: dict[str, Counter[tuple[str, str]]] = {name: Counter() for name in names if letter in ("", name)}
    labels = Label.objects.filter(task__in=list(truth)).exclude(category="")
    given = {(task, who): key for task, who, key in labels.values_list("task_id", "annotator__letter", "category")}
    given |= {place: category for place, (category, _) in first_told(campaign, letter).items()}
    for (task, who), category in given.items():
        if who in said:
            said[who][(truth[task], category)] += 1
    return [
        Feedback(
            who,
            names[who],
            sum(count for (true, given), count in cells.items() if true == given),
            sum(cells.values()),
            tuple(
                Cell(true, given, count, words.get(true, true), words.get(given, given))
                for (true, given), count in cells.most_common()
                if true != given
            ),
        )
        for who, cells in said.items()
    ]


def _narrowed(campaign: Campaign, filters: Filters) -> QuerySet[Task]:
    rows = Task.objects.filter(campaign=campaign)
    labels = Label.objects.filter(task=OuterRef("pk"))
    if filters.group:
        rows = rows.filter(group=filters.group)
    if filters.category:
        rows = rows.filter(Exists(labels.filter(category=filters.category)))
    for who, what in ((filters.a, filters.x), (filters.b, filters.y)):
        if who:
            rows = rows.filter(_said(campaign, who, what, first=bool(filters.truth)))
    if filters.truth:
        rows = rows.filter(pk__in=_with_truth(campaign, filters.truth))
    if filters.mark == "unusable":
        return rows.filter(state=Task.State.UNUSABLE)
    rows = rows.exclude(state=Task.State.RESERVE)
    if filters.mark == "flagged":
        rows = rows.filter(Exists(labels.filter(flagged=True)))
    elif filters.mark == "skipped":
        rows = rows.filter(Exists(labels.exclude(skip_reason="")))
    elif filters.mark == "decided":
        rows = rows.filter(pk__in=_decided(campaign))
    elif filters.mark == "gold":
        rows = rows.filter(
            pk__in=[r.task_id for r in _newest(Gold.objects.filter(task__campaign=campaign)) if r.category]
        )
    elif filters.mark == "differ":
        rows = rows.filter(pk__in=[row.id for row in queue(campaign, Sought(DISAGREEMENT))])
    return rows


def _said(campaign: Campaign, who: str, what: str, *, first: bool) -> Q:
    """Tasks of which somebody said this, or anything; `first`: on gold that is told at once, before they were told."""
    own = Label.objects.filter(task=OuterRef("pk"), annotator__letter=who)
    said = Q(Exists(own.filter(category=what) if what else own.exclude(category="")))
    if not (what and first):
        return said
    told = {task: category for (task, _), (category, _fine) in first_told(campaign, who).items()}
    return said & ~Q(pk__in=list(told)) | Q(pk__in=[task for task, category in told.items() if category == what])


def _with_truth(campaign: Campaign, category: str) -> list[int]:
    truth = {row.task_id: row.category for row in _newest(Gold.objects.filter(task__campaign=campaign)) if row.category}
    truth |= {row.task_id: row.category for row in _newest(Decision.objects.filter(campaign=campaign)) if row.category}
    return [task for task, known in truth.items() if known == category]


def _labels(campaign: Campaign) -> QuerySet[Label]:
    rows = Label.objects.filter(campaign=campaign).filter(~Q(category="") | ~Q(skip_reason=""))
    return rows.select_related("annotator__user")


def _answer(label: Label) -> Answer:
    return Answer(
        label.annotator.letter,
        label.annotator.user.username,
        label.category,
        label.subtype,
        label.skip_reason,
        label.confidence,
        label.note,
        label.flagged,
        label.spent_ms,
        label.first_choice_ms,
        label.answered_at,
    )


def _decided(campaign: Campaign) -> set[int]:
    return {row.task_id for row in _newest(Decision.objects.filter(campaign=campaign)) if row.category}


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by("task_id", "-id").distinct("task_id")


def _name_of(user_id: int | None) -> str:
    return str(User.objects.filter(pk=user_id).values_list("username", flat=True).first() or "") if user_id else ""
