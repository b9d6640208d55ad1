"""What pages want computed: asked for once for each state of the labels, shown as soon as a worker has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform

from webapp.accounts.models import Project
from webapp.annotation.models import Calculation, Campaign
from webapp.annotation.review.gathering import stamp
from webapp.broker import CALCULATION_TASK, wake

AGREEMENT, FREEZE = "agreement", "freeze"
KEPT = timedelta(days=7)  # for so long a report that a newer one has replaced can still be looked up
UNDER_WAY = (Calculation.State.WANTED, Calculation.State.WORKING)


@dataclass(frozen=True)
class Shown:
    """The newest result there is, and whether it is of the labels as they are now."""

    result: dict[str, Any] | None
    at: datetime | None
    current: bool
    failure: str = ""


def agreement_of(*, campaign: Campaign, now: datetime) -> Shown:
    """The agreement report of a campaign; asks for a new one where labels have come since and none is under way."""
    row, reports = ask_for_agreement(campaign=campaign, now=now), _reports(campaign)
    if row is not None and row.state == Calculation.State.READY:
        return Shown(row.result, row.finished_at, current=True)
    earlier = reports.filter(state=Calculation.State.READY).order_by("-pk")
    last = earlier.first()
    failure = row.failure if row is not None and row.state == Calculation.State.FAILED else ""
    return Shown(last.result if last else None, last.finished_at if last else None, current=False, failure=failure)


def ask_for_agreement(*, campaign: Campaign, now: datetime) -> Calculation | None:
    """The report on the labels as they are, asked for where there is none; None while an earlier one is under way."""
    name, reports = stamp(campaign), _reports(campaign)
    row = reports.filter(stamp=name).first()
    if row is None and not reports.filter(state__in=UNDER_WAY).exists():
        row = wanted(project=campaign.project, kind=AGREEMENT, stamp=name, request={"campaign": campaign.pk}, now=now)
    return row


def agreement_again(*, campaign: Campaign, now: datetime) -> None:
    """Wants the report on the labels as they are once more, where it failed; nothing else is touched."""
    row = _reports(campaign).filter(stamp=stamp(campaign)).first()
    if row is not None:
        again(row=row, now=now)


def consensus_on(campaign: Campaign, idx: str) -> dict[str, Any] | None:
    """The newest report on one sample ("majority", "tie", "dawid_skene", "posterior"). Asks for no new one."""
    of_sample = KeyTransform(idx, KeyTransform("consensus", "result"))
    ready = _reports(campaign).filter(state=Calculation.State.READY).order_by("-pk")
    return ready.annotate(of_sample=of_sample).values_list("of_sample", flat=True).first()


def newest_report_at(campaign: Campaign) -> datetime | None:
    """When the newest agreement report was made."""
    ready = _reports(campaign).filter(state=Calculation.State.READY).order_by("-pk")
    return ready.values_list("finished_at", flat=True).first()


class Settled(NamedTuple):
    """A sample's consensus by Dawid and Skene's model: how sure it is, and of how many answers."""

    category: str
    posterior: float
    answers: int


_CONSENSUS = """
SELECT item.key, item.value ->> 'dawid_skene', (item.value ->> 'posterior')::float8,
    (SELECT count(*) FROM jsonb_object_keys(item.value -> 'answers'))
FROM annotation_calculation report, jsonb_each(report.result -> 'consensus') item WHERE report.id = %s
"""


def consensus_of(campaign: Campaign) -> dict[str, Settled]:
    """By idx, what the newest report says. Asks for no new one."""
    ready = _reports(campaign).filter(state=Calculation.State.READY).order_by("-pk")
    newest = ready.values_list("pk", flat=True).first()
    if newest is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CONSENSUS, [newest])
        return {idx: Settled(*row) for idx, *row in cursor.fetchall()}


def _reports(campaign: Campaign) -> QuerySet[Calculation]:
    return Calculation.objects.filter(project=campaign.project, kind=AGREEMENT, request__campaign=campaign.pk)


def wanted(*, project: Project, kind: str, stamp: str, request: dict[str, Any], now: datetime) -> Calculation:
    """The calculation of this kind on this content; made, and a worker woken, where nobody has asked for it yet."""
    row, fresh = Calculation.objects.get_or_create(
        project=project, kind=kind, stamp=stamp, defaults={"request": request, "requested_at": now}
    )
    if fresh:
        transaction.on_commit(lambda: wake(CALCULATION_TASK), robust=True)
    return row


def forget_replaced(*, now: datetime) -> int:
    """Removes agreement reports that ended long ago and are not the newest ready one of their campaign; how many."""
    reports = Calculation.objects.filter(kind=AGREEMENT)
    ready = reports.filter(state=Calculation.State.READY, project=OuterRef("project"))
    newer = ready.filter(request__campaign=OuterRef("request__campaign"), pk__gt=OuterRef("pk"))
    ended = reports.exclude(state__in=UNDER_WAY).filter(finished_at__lt=now - KEPT)
    failed = Calculation.State.FAILED
    return ended.filter(Exists(newer) | Q(state=failed)).delete()[0]


def again(*, row: Calculation, now: datetime) -> None:
    """A calculation that failed is wanted once more."""
    changed = Calculation.objects.filter(pk=row.pk, state=Calculation.State.FAILED).update(
        state=Calculation.State.WANTED, failure="", attempt=0, requested_at=now, finished_at=None
    )
    if changed:
        transaction.on_commit(lambda: wake(CALCULATION_TASK), robust=True)
