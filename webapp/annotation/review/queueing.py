"""What waits for a reviewer: why, narrowed how, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, BoolOr
from django.db.models import Count, Max, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from webapp.annotation.campaigns.peers import UNANSWERED
from webapp.annotation.models import Campaign, Decision, Label, Slot, Task
from webapp.annotation.review.calculations import Settled, consensus_of

DISAGREEMENT, FLAG, SKIPPED, UNSURE = "disagreement", "flag", "skipped", "unsure"
WHYS = (DISAGREEMENT, FLAG, SKIPPED, UNSURE)
SURE_ENOUGH = 0.8  # a consensus of several answers whose posterior is below it is looked at
PLAN, OLDEST, SPREAD, POSTERIOR = "plan", "oldest", "spread", "posterior"
ORDERS = (PLAN, OLDEST, SPREAD, POSTERIOR)


@dataclass(frozen=True)
class Sought:
    """What of the queue is meant: why it waits, its group, a category that somebody named; and in which order."""

    why: str = ""
    group: str = ""
    category: str = ""
    order: str = PLAN

    def address(self, **more: str) -> dict[str, str]:
        """As the query of an address, what says nothing left out."""
        return {
            name: value for name, value in (vars(self) | more).items() if value and (name, value) != ("order", PLAN)
        }

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.why or self.group or self.category)


@dataclass(frozen=True)
class Waiting:
    """A task in the queue. `said`: how often each category was named; `posterior`: of the newest report's consensus."""

    id: int
    idx: str
    position: int
    group: str
    whys: tuple[str, ...]
    text: str
    answers: int
    awaited: int
    said: Mapping[str, int]
    since: datetime  # when its last answer came
    posterior: float | None

    @property
    def spread(self) -> float:
        """How often two answers drawn from those given would differ."""
        total = sum(self.said.values())
        return 1 - sum(count * count for count in self.said.values()) / total**2 if total else 0.0


def queue(campaign: Campaign, sought: Sought | None = None, *, keep: int | None = None) -> list[Waiting]:
    """The tasks that wait for a decision. `keep`: a task that stays in it whatever became of it. Four queries."""
    sought = sought or Sought()
    consensus = consensus_of(campaign)
    unsure = [idx for idx, row in consensus.items() if row.answers > 1 and row.posterior < SURE_ENOUGH]
    awaited = Counter(
        Slot.objects.filter(campaign=campaign, state__in=(*UNANSWERED, Slot.State.FREE)).values_list("task", flat=True)
    )
    rows = [
        _waiting(row, awaited[row["pk"]], consensus.get(row["idx"]), set(unsure))
        for row in _rows(campaign, unsure, keep)
    ]
    return sorted((row for row in rows if row.id == keep or _meant(row, sought)), key=_KEYS[sought.order])


def beside(waiting: Sequence[Waiting], task_id: int) -> tuple[int | None, int | None]:
    """The ids before and after this one in the queue, which holds it."""
    ids = [row.id for row in waiting]
    if task_id not in ids:
        return None, (ids[0] if ids else None)
    here = ids.index(task_id)
    return (ids[here - 1] if here else None), (ids[here + 1] if here + 1 < len(ids) else None)


_KEYS: dict[str, Any] = {
    PLAN: lambda row: row.position,
    OLDEST: lambda row: (row.since, row.position),
    SPREAD: lambda row: (-row.spread, row.position),
    POSTERIOR: lambda row: (row.posterior if row.posterior is not None else 2, row.position),
}


def _rows(campaign: Campaign, unsure: list[str], keep: int | None) -> list[dict[str, Any]]:
    """Tasks with what was said of them in sums; those that nobody has to look at stay in the database."""
    given = ~Q(labels__category="") | ~Q(labels__skip_reason="")
    said = Q(labels__category__gt="")
    newest = Subquery(Decision.objects.filter(task=OuterRef("pk")).order_by("-id").values("category")[:1])
    rows = (
        Task.objects.filter(given, campaign=campaign)
        .alias(decided=Coalesce(newest, Value("")))
        .filter(Q(state=Task.State.ACTIVE, decided="") | Q(pk=keep))
        .annotate(
            answers=Count("labels"),
            kinds=Count("labels__category", distinct=True, filter=said),
            said=ArrayAgg("labels__category", filter=said, default=[]),
            flagged=BoolOr("labels__flagged"),
            skipped=BoolOr(Q(labels__skip_reason__gt="")),
            since=Max("labels__answered_at"),
        )
    )
    rows = rows.filter(Q(kinds__gt=1) | Q(flagged=True) | Q(skipped=True) | Q(idx__in=unsure) | Q(pk=keep))
    sums = ("answers", "kinds", "said", "flagged", "skipped", "since")
    return list(rows.values("pk", "idx", "position", "group", "prompt", *sums))


def _waiting(row: Mapping[str, Any], awaited: int, settled: Settled | None, unsure: set[str]) -> Waiting:
    reasons = {
        DISAGREEMENT: row["kinds"] > 1, FLAG: row["flagged"], SKIPPED: row["skipped"], UNSURE: row["idx"] in unsure,
    }  # fmt: skip
    return Waiting(
        row["pk"],
        row["idx"],
        row["position"],
        row["group"],
        tuple(name for name, holds in reasons.items() if holds),
        str(row["prompt"].get("text") or row["prompt"].get("name") or ""),
        row["answers"],
        awaited,
        dict(Counter(row["said"]).most_common()),
        row["since"],
        settled.posterior if settled else None,
    )


def _meant(row: Waiting, sought: Sought) -> bool:
    return (
        (not sought.why or sought.why in row.whys)
        and (not sought.group or sought.group == row.group)
        and (not sought.category or sought.category in row.said)
    )


def answered(campaign: Campaign) -> bool:
    """Whether anybody has said anything yet."""
    return Label.objects.filter(campaign=campaign).filter(~Q(category="") | ~Q(skip_reason="")).exists()
