"""Reads campaigns: their list, how far each person is, what was planned and what came of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.utils import timezone

from ml_core.failures.sampling import OVERLAP
from webapp.accounts.capabilities import role_may, roles_with
from webapp.accounts.models import AuditEvent, Membership, Project, User
from webapp.accounts.queries.trail import detail_in_words, in_words
from webapp.annotation.campaigns.forecast import (
    BREAK,
    LATEST,
    LOOKED_BACK,
    Forecast,
    Pace,
    day_of_end,
    forecast,
    together,
)
from webapp.annotation.campaigns.plans import words_of
from webapp.annotation.models import Annotator, Campaign, Label, Reminder, Slot, Task

WAITING = ("free", "open", "leased")
RECENT = 12


@dataclass(frozen=True)
class CampaignRow:
    """A campaign in the list. `mine`: slots that wait for the reader, None where they are not in it."""

    id: int
    name: str
    state: str
    mode: str
    simulated: bool
    created_at: datetime
    people: int
    done: int
    total: int
    mine: int | None

    @property
    def share(self) -> int:
        """Percent done, never rounded up."""
        return 100 * self.done // self.total if self.total else 0


@dataclass(frozen=True)
class Person:
    """An annotator and how far they are."""

    id: int
    user_id: int
    letter: str
    name: str
    here: bool
    quota: int | None
    held: int
    answered: int
    skipped: int
    waiting: int
    surplus: int
    first_choice: float | None  # median seconds to the first choice
    last_at: datetime | None
    pace: Pace
    left: Forecast
    reminded_at: datetime | None

    @property
    def done(self) -> int:
        """Slots that need nothing more."""
        return self.answered + self.skipped

    @property
    def total(self) -> int:
        """All slots that count."""
        return self.done + self.waiting


@dataclass(frozen=True)
class StratumRow:
    """A stratum as it was drawn and as far as it is labelled."""

    name: str
    words: str
    population: int
    sampled: int
    labelled: int


@dataclass(frozen=True)
class Unusable:
    """A sample that was taken out, and what took its place."""

    idx: str
    reason: str
    group: str
    replacement: str  # "" where the backup was used up


@dataclass(frozen=True)
class Line:
    """Something that was done to the campaign."""

    at: datetime
    actor: str
    said: str
    details: str


@dataclass(frozen=True)
class Standing:
    """A campaign with everything its page shows."""

    people: list[Person]
    done: int
    total: int
    free: int
    surplus: int
    overlap_complete: int
    overlap_begun: int
    overlap_total: int
    backup_left: int
    strata: list[StratumRow]
    unusable: list[Unusable]
    activity: list[Line]
    left: Forecast
    pace: Pace = field(default_factory=Pace)
    done_on: datetime | None = None  # the day on which it may be done, if days go on like the latest

    @property
    def share(self) -> int:
        """Percent done, never rounded up."""
        return 100 * self.done // self.total if self.total else 0

    @property
    def waiting(self) -> int:
        """Answers still to come."""
        return self.total - self.done


def campaigns_of(project: Project, user: User) -> list[CampaignRow]:
    """Every campaign of a project, newest first, with how far it is. Three queries, however many there are."""
    rows = list(Campaign.objects.filter(project=project).order_by("-id"))
    ids = [row.pk for row in rows]
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    for campaign, state, count in (
        Slot.objects.filter(campaign__in=ids).values_list("campaign", "state").annotate(count=Count("pk")).order_by()
    ):
        counts[campaign][state] = count
    waiting = Count("slots", filter=Q(slots__state__in=("open", "leased")))
    people: dict[int, int] = defaultdict(int)
    mine: dict[int, int] = {}
    here = Annotator.objects.filter(campaign__in=ids, left_at=None)
    for campaign, person, count in here.annotate(count=waiting).values_list("campaign", "user", "count"):
        people[campaign] += 1
        if person == user.pk:
            mine[campaign] = count
    return [_row(row, counts[row.pk], people[row.pk], mine.get(row.pk)) for row in rows]


def _row(row: Campaign, counts: dict[str, int], people: int, mine: int | None) -> CampaignRow:
    done = counts.get("answered", 0) + counts.get("skipped", 0)
    total = sum(count for state, count in counts.items() if state != "withdrawn")
    if mine is not None and row.mode == Campaign.Mode.POOL:
        mine += counts.get("free", 0)
    return CampaignRow(row.pk, row.name, row.state, row.mode, row.simulated, row.created_at, people, done, total, mine)


def campaign_of(project: Project, campaign_id: int) -> Campaign | None:
    """A campaign of this project, with its run, data set and taxonomy."""
    if campaign_id >= 2**63:
        return None
    rows = Campaign.objects.select_related("taxonomy_version__taxonomy", "run", "corpus", "created_by")
    found = rows.filter(project=project, pk=campaign_id).first()
    if found is not None:
        found.project = project
    return found


def letters_of(campaign: Campaign) -> dict[str, str]:
    """The annotators' names by letter, those who left too."""
    rows = Annotator.objects.filter(campaign=campaign).order_by("pk")
    return dict(rows.values_list("letter", "user__username"))


def annotator_of(campaign: Campaign, annotator_id: int) -> Annotator | None:
    """Somebody's row in the campaign, gone or not."""
    rows = Annotator.objects.select_related("user").filter(campaign=campaign, pk=annotator_id)
    found = rows.first() if annotator_id < 2**63 else None
    if found is not None:
        found.campaign = campaign
    return found


def task_of(campaign: Campaign, idx: str) -> Task | None:
    """A sample of the campaign by its name."""
    return Task.objects.filter(campaign=campaign, idx=idx).first()


def standing_of(campaign: Campaign) -> Standing:
    """Everything a campaign's page shows. The number of queries does not depend on what is in it."""
    people = _people(campaign)
    counts = _by_state(campaign)
    done = counts.get("answered", 0) + counts.get("skipped", 0)
    total = sum(count for state, count in counts.items() if state != "withdrawn")
    pace = together([person.pace for person in people])
    complete, begun, shared = _overlap(campaign)
    return Standing(
        people=people,
        done=done,
        total=total,
        free=counts.get("free", 0),
        surplus=sum(person.surplus for person in people),
        overlap_complete=complete,
        overlap_begun=begun,
        overlap_total=shared,
        backup_left=Task.objects.filter(campaign=campaign, state=Task.State.RESERVE).count(),
        strata=_strata(campaign),
        unusable=_unusable(campaign),
        activity=_activity(campaign),
        left=forecast(total - done, pace),
        pace=pace,
        done_on=_done_on(campaign, total - done),
    )


def _done_on(campaign: Campaign, left: int) -> datetime | None:
    """The day on which a campaign that goes on may be done."""
    if campaign.state != Campaign.State.OPEN:
        return None
    now = timezone.now()
    answers = Label.objects.filter(campaign=campaign).exclude(category="", skip_reason="")
    lately = Count("pk", filter=Q(answered_at__gt=now - LOOKED_BACK))
    found = answers.aggregate(first=Min("answered_at"), lately=lately)
    since = max(found["first"], now - LOOKED_BACK) if found["first"] else None
    return day_of_end(left, found["lately"], since, now)


def _by_state(campaign: Campaign) -> dict[str, int]:
    rows = Slot.objects.filter(campaign=campaign).values_list("state").annotate(count=Count("pk")).order_by()
    return dict(rows)


_SLOTS = """
SELECT annotator_id, count(*) FILTER (WHERE state = 'answered'), count(*) FILTER (WHERE state = 'skipped'),
    count(*) FILTER (WHERE state IN ('open', 'leased'))
FROM annotation_slot WHERE campaign_id = %(campaign)s AND annotator_id IS NOT NULL GROUP BY annotator_id
"""
_LABELS = """
SELECT annotator_id, count(*) FILTER (WHERE slot_id IS NULL AND (category <> '' OR skip_reason <> '')),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY first_choice_ms) / 1000.0, max(answered_at)
FROM annotation_label WHERE campaign_id = %(campaign)s GROUP BY annotator_id
"""
_GAPS = """
SELECT annotator_id, count(*), avg(gap)::float8, coalesce(stddev_samp(gap), 0)::float8 FROM (
    SELECT annotator_id, extract(epoch FROM at - lag(at) OVER mine) AS gap,
        row_number() OVER (PARTITION BY annotator_id ORDER BY id DESC) AS back
    FROM annotation_labelevent WHERE campaign_id = %(campaign)s AND kind <> 'withdraw' AND source = 'page'
    WINDOW mine AS (PARTITION BY annotator_id ORDER BY id)
) gaps WHERE gap <= %(pause)s AND back <= %(latest)s GROUP BY annotator_id
"""
_OVERLAP = """
SELECT count(*) FILTER (WHERE done = wanted), count(*) FILTER (WHERE done > 0), count(*) FROM (
    SELECT count(*) FILTER (WHERE s.state IN ('answered', 'skipped')) AS done, count(*) AS wanted
    FROM annotation_task t JOIN annotation_slot s ON s.task_id = t.id
    WHERE t.campaign_id = %(campaign)s AND t."group" = %(overlap)s AND t.state = 'active' AND s.state <> 'withdrawn'
    GROUP BY t.id
) shared
"""


def _people(campaign: Campaign) -> list[Person]:
    slots, labels, gaps = (_by_person(text, campaign) for text in (_SLOTS, _LABELS, _GAPS))
    reminded = dict(
        Reminder.objects.filter(annotator__campaign=campaign)
        .order_by("annotator", "-at")
        .distinct("annotator")
        .values_list("annotator", "at")
    )
    rows = Annotator.objects.filter(campaign=campaign).select_related("user").order_by("pk")
    return [_person(row, slots, labels, gaps, reminded.get(row.pk)) for row in rows]


def _person(
    row: Annotator,
    slots: dict[int, Sequence[Any]],
    labels: dict[int, Sequence[Any]],
    gaps: dict[int, Sequence[Any]],
    reminded_at: datetime | None,
) -> Person:
    answered, skipped, waiting = slots.get(row.pk, (0, 0, 0))
    surplus, median, last_at = labels.get(row.pk, (0, None, None))
    pace = Pace(*gaps.get(row.pk, ()))
    return Person(
        row.pk, row.user_id, row.letter, row.user.username, row.left_at is None, row.quota, row.held, answered, skipped,
        waiting, surplus, float(median) if median is not None else None, last_at, pace, forecast(waiting, pace),
        reminded_at,
    )  # fmt: skip


def _by_person(text: str, campaign: Campaign) -> dict[int, Sequence[Any]]:
    values = {"campaign": campaign.pk, "pause": BREAK, "latest": LATEST}
    return {row[0]: row[1:] for row in _rows(text, values)}


def _overlap(campaign: Campaign) -> tuple[int, int, int]:
    complete, begun, total = _rows(_OVERLAP, {"campaign": campaign.pk, "overlap": OVERLAP})[0]
    return complete, begun, total


def _strata(campaign: Campaign) -> list[StratumRow]:
    said = Label.objects.filter(task=OuterRef("pk")).exclude(category="")
    rows = Task.objects.filter(campaign=campaign, state=Task.State.ACTIVE).annotate(said=Exists(said)).filter(said=True)
    labelled = dict(rows.values_list("stratum").annotate(count=Count("pk")).order_by())
    stratify = str(campaign.plan.get("stratify", ""))
    return [
        StratumRow(name, words_of(stratify, name), row["population"], row["sampled"], labelled.get(name, 0))
        for name, row in campaign.strata.items()
    ]


def _unusable(campaign: Campaign) -> list[Unusable]:
    rows = Task.objects.filter(campaign=campaign, state=Task.State.UNUSABLE).order_by("position")
    found = rows.values_list("idx", "unusable_reason", "group", "replaced_by__idx")
    return [Unusable(idx, reason, group, replacement or "") for idx, reason, group, replacement in found]


def _activity(campaign: Campaign) -> list[Line]:
    rows = AuditEvent.objects.filter(
        project_id=campaign.project_id, verb__startswith="campaign.", details__campaign=campaign.pk
    )
    return [
        Line(
            event.at,
            event.actor_name,
            in_words(event.verb),
            ", ".join(
                f"{detail_in_words(name)} {value}" for name, value in event.details.items() if name != "campaign"
            ),
        )
        for event in rows.order_by("-id")[:RECENT]
    ]


def undone_by_person(standing: Standing) -> list[tuple[str, int]]:
    """Who would leave how much undone if the campaign were finished now."""
    return [(person.name, person.waiting) for person in standing.people if person.waiting]


def labellers(project: Project) -> list[Membership]:
    """Members who may label, by name, annotators first."""
    rows = Membership.objects.select_related("user").filter(
        project=project, role__in=roles_with("label.give"), user__is_active=True
    )
    return sorted(rows, key=lambda row: (row.role != "annotator", row.user.username.lower()))


def could_join(campaign: Campaign) -> list[User]:
    """Members who may label and are not in the campaign now."""
    here = set(Annotator.objects.filter(campaign=campaign, left_at=None).values_list("user", flat=True))
    return [row.user for row in labellers(campaign.project) if row.user_id not in here]


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody in a campaign; `reminder` is None where they have seen them all."""

    campaign: Campaign
    count: int
    reminder: Reminder | None


def waiting_for(user: User, memberships: Sequence[Membership]) -> list[Waiting]:
    """Open campaigns in which something waits for this person. Three queries, however many projects."""
    projects = [membership.project_id for membership in memberships if role_may(membership.role, "label.give")]
    waiting = Count("slots", filter=Q(slots__state__in=("open", "leased")))
    rows = list(
        Annotator.objects.filter(
            user=user, left_at=None, campaign__project__in=projects, campaign__state=Campaign.State.OPEN
        )
        .select_related("campaign__project")
        .annotate(count=waiting)
        .order_by("-campaign_id")
    )
    pools = [row.campaign_id for row in rows if row.campaign.mode == Campaign.Mode.POOL]
    free: dict[int, int] = {}
    if pools:
        mine = Slot.objects.filter(task=OuterRef("task"), annotator__user=user)
        free_slots = Slot.objects.filter(campaign__in=pools, state=Slot.State.FREE).exclude(Exists(mine))
        counted = free_slots.values_list("campaign").annotate(count=Count("task", distinct=True)).order_by()
        free = dict(counted)
    reminders = _open_reminders([row.pk for row in rows])
    found = []
    for row in rows:
        room = free.get(row.campaign_id, 0)
        room = room if row.quota is None else min(room, max(row.quota - row.held, 0))
        if row.count + room:
            found.append(Waiting(row.campaign, row.count + room, reminders.get(row.pk)))
    return found


def _open_reminders(annotators: list[int]) -> dict[int, Reminder]:
    if not annotators:
        return {}
    rows = Reminder.objects.filter(annotator__in=annotators, shown_at=None).select_related("sent_by")
    return {row.annotator_id: row for row in rows.order_by("annotator", "-at").distinct("annotator")}


def _rows(text: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()
