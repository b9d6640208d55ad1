"""The one way a label is written and the one way a task is given out; both in as few statements as they need."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.annotation.campaigns.actions import replace_unusable
from webapp.annotation.campaigns.staff import share_out_rest
from webapp.annotation.labelling import sql
from webapp.annotation.labelling.answers import REPLACING, Answer, Handed, Saved, Truth, refusal
from webapp.annotation.labelling.taxonomy import choices_of
from webapp.annotation.models import Annotator, Campaign, Label, Slot, Task
from webapp.statements import rows, together

POOL = Campaign.Mode.POOL
Counted = tuple[Any, ...]  # a row of sql.PROGRESS
MOST_AT_ONCE = 40  # tasks that one person may hold ahead of their answers


def record_answers(*, annotator: Annotator, events: Sequence[Answer], source: str, now: datetime) -> list[Saved]:
    """Keep what an annotator said, in its order: an event each, the label as it now stands, the slot it fills.

    Idempotent by (annotator, key). One outcome for each event: "saved"; "again" (its key was there before); "surplus"
    (kept, outside the plan, because no slot is free for it); "refused", with the reason. Nothing is refused because a
    campaign is paused or finished, a lease is over or its annotator has left: what was said is kept.
    """
    if not events:
        return []
    with transaction.atomic():
        campaign = _locked(annotator)
        outcomes = _written(annotator, campaign, events, source, now)
    if campaign["left_at"] is None:
        _replace(annotator, events, outcomes, now)
    elif any(event.kind == "withdraw" for event in events):
        share_out_rest(annotator=annotator)  # what somebody who left takes back is wanted from the others
    return outcomes


@dataclass(frozen=True)
class Went:
    """What became of answers and what comes next. `counted`: a row of sql.PROGRESS where it was counted on the way;
    `truths`: those planted for the tasks answered, in a campaign that tells them."""

    saved: list[Saved]
    tasks: list[Handed]
    counted: Counted | None = None
    truths: list[Truth] = field(default_factory=list)


def answer_and_go_on(
    *, annotator: Annotator, events: Sequence[Answer], wanted: int, have: set[int], source: str, now: datetime
) -> Went:
    """`record_answers`, then `hand_out` and what `queries.progress_of` counts, all of it in one way there and back.

    Where that cannot be (an item is to be replaced first, the page is new, nothing is given out) they follow each
    other, and nothing is counted.
    """
    room = min(wanted, MOST_AT_ONCE - len(have))
    plain = events and not any(event.kind == "skip" for event in events)  # a skip may bring another item first
    if plain and room > 0 and have and _gives(annotator):
        return _at_once(annotator, events, room, have, source, now)
    saved = record_answers(annotator=annotator, events=events, source=source, now=now)
    truths = rows(*_golds(events)) if annotator.campaign.show_gold_feedback else []
    tasks = hand_out(annotator=annotator, wanted=wanted, have=have, now=now) if wanted else []
    return Went(saved, tasks, truths=_planted(truths))


def _at_once(
    annotator: Annotator, events: Sequence[Answer], room: int, have: set[int], source: str, now: datetime
) -> Went:
    said = _Said.of(annotator, events, annotator.campaign.taxonomy_version_id)
    pool = annotator.campaign.mode == POOL
    # Only a quota can be used up by what is given out before an answer without a slot has found one.
    claims = said.claims() if pool and annotator.quota is not None else []
    answered = together(
        (sql.LOCK, {"annotator": annotator.pk}),
        (sql.RECORD, said.values(annotator.campaign.lease_minutes, source, now)),
        *((sql.CLAIM, values) for values in claims),
        (sql.LEASE if pool else sql.OPEN_FOR, _wish(annotator, room, have, now)),
        (sql.PROGRESS, {"campaign": annotator.campaign_id, "annotator": annotator.pk}),
        *([_golds(events)] if annotator.campaign.show_gold_feedback else []),
    )
    [locked], heard, rest = answered[0], answered[1], answered[2 + len(claims) :]
    found, [counted], *truths = rest
    took = {values["key"] for values, slot in zip(claims, answered[2:], strict=False) if slot}
    if len(heard) == len(said.taken) or _version(annotator) == said.version:
        saved, claimed = said.outcomes(heard, took)
    else:  # its choices were others a moment ago: nothing was recorded
        saved = record_answers(annotator=annotator, events=events, source=source, now=now)
        claimed = True
    if _standing(locked)["left_at"] is not None and any(event.kind == "withdraw" for event in events):
        share_out_rest(annotator=annotator)
    tasks = [Handed.from_row(row) for row in found]
    if pool and len(tasks) < room:
        more = have | {task.task_id for task in tasks}
        tasks += hand_out(annotator=annotator, wanted=room - len(tasks), have=more, now=now)
    return Went(saved, tasks, None if claimed else counted, _planted(row for part in truths for row in part))


def _version(annotator: Annotator) -> int:
    """The taxonomy version that the campaign has by now; what was read along with a lock may be older than the lock."""
    [(version,)] = rows(sql.VERSION, {"campaign": annotator.campaign_id})
    annotator.campaign.taxonomy_version_id = version
    return int(version)


def _golds(events: Sequence[Answer]) -> tuple[str, dict[str, Any]]:
    return sql.GOLD, {"tasks": [event.task_id for event in events if event.kind == "answer"]}


def _planted(found: Iterable[Sequence[Any]]) -> list[Truth]:
    return [truth for truth in (Truth(*row) for row in found) if truth.category]


def _replace(annotator: Annotator, events: Sequence[Answer], outcomes: Sequence[Saved], now: datetime) -> None:
    """What was skipped because nobody can label it is taken out, and one of the backup takes its place.

    Only where the skip stands in a slot: what lies outside the plan takes nothing out of it. One that was kept before
    is looked at again, because the server may have ended before the other sample took its place.
    """
    last = {event.task_id: (event, saved) for event, saved in zip(events, outcomes, strict=True)}
    for event, saved in last.values():
        if event.kind == "skip" and event.skip_reason in REPLACING and saved.outcome in {"saved", "again"}:
            stands = Label.objects.filter(
                task=event.task_id, annotator=annotator, skip_reason=event.skip_reason, slot__state=Slot.State.SKIPPED
            )
            if stands.exists():
                task = Task.objects.get(pk=event.task_id)
                replace_unusable(task=task, reason=event.skip_reason, actor=annotator.user, now=now)


def _locked(annotator: Annotator) -> dict[str, Any]:
    """The campaign's settings, with the annotator's row held: what one person says is heard one after the other."""
    return _standing(rows(sql.LOCK, {"annotator": annotator.pk})[0])


def _standing(row: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(("lease_minutes", "taxonomy_version_id", "left_at"), row, strict=True))


def _written(
    annotator: Annotator, campaign: Mapping[str, Any], events: Sequence[Answer], source: str, now: datetime
) -> list[Saved]:
    """Records with the annotator's row held, whose `campaign` this is."""
    said = _Said.of(annotator, events, campaign["taxonomy_version_id"])
    heard = _recorded(said, campaign, source, now)
    if len(heard) < len(said.taken) and (version := _version(annotator)) != said.version:
        said = _Said.of(annotator, events, version)
        heard = _recorded(said, campaign, source, now)
    return said.outcomes(heard)[0]


def _recorded(said: _Said, campaign: Mapping[str, Any], source: str, now: datetime) -> list[tuple[Any, ...]]:
    return rows(sql.RECORD, said.values(campaign["lease_minutes"], source, now)) if said.taken else []


@dataclass(frozen=True)
class _Said:
    """Events on their way into the database: those that can be recorded, and why the others cannot."""

    annotator: Annotator
    events: Sequence[Answer]
    version: int  # of the taxonomy whose choices they were held against
    reasons: list[str]
    first: dict[UUID, int]  # key -> number of the event that brought it

    @classmethod
    def of(cls, annotator: Annotator, events: Sequence[Answer], version: int) -> _Said:
        choices = choices_of(version)
        reasons = [refusal(event, choices) for event in events]
        first: dict[UUID, int] = {}
        for number, event in enumerate(events):
            if not reasons[number]:
                first.setdefault(event.key, number)
        return cls(annotator, events, version, reasons, first)

    @property
    def taken(self) -> list[Answer]:
        return [self.events[number] for number in sorted(self.first.values())]

    def values(self, lease_minutes: int, source: str, now: datetime) -> dict[str, Any]:
        """What sql.RECORD is given."""
        return {
            "said": json.dumps([event.as_recorded(n) for n, event in enumerate(self.taken)]),
            "many": len(self.taken),
            "campaign": self.annotator.campaign_id,
            "annotator": self.annotator.pk,
            "version": self.version,
            "source": source,
            "now": now,
            "pool": self.annotator.campaign.mode == POOL,
            "lease_until": now + timedelta(minutes=lease_minutes),
        }

    def claims(self) -> list[dict[str, Any]]:
        """What sql.CLAIM is given for each event that may have no slot."""
        return [_claim(self.annotator, one.task_id, one.key, one.kind) for one in self.taken if one.kind != "withdraw"]

    def outcomes(self, recorded: Sequence[Sequence[Any]], took: Collection[UUID] = ()) -> tuple[list[Saved], bool]:
        """What became of each event, and whether one takes a free slot of its task now; some `took` one before."""
        heard: dict[UUID, str] = {}
        claimed = False
        for key, task_id, kind, new, slot_id, last in recorded:
            if key in took:
                heard[key] = "saved" if new else "again"
            elif not new:
                heard[key] = "again"  # the first time may have ended before a slot was taken for it
                claimed |= kind != "withdraw" and self._claims(task_id, key, kind)
            elif slot_id is not None or kind == "withdraw" or not last:
                heard[key] = "saved"
            else:
                found = self._claims(task_id, key, kind)
                heard[key], claimed = ("saved", True) if found else ("surplus", claimed)
        return [self._outcome(number, event, heard) for number, event in enumerate(self.events)], claimed

    def _claims(self, task_id: int, key: UUID, kind: str) -> bool:
        return self.annotator.campaign.mode == POOL and _claimed(self.annotator, task_id, key, kind)

    def _outcome(self, number: int, event: Answer, heard: Mapping[UUID, str]) -> Saved:
        if self.reasons[number]:
            return Saved(event.key, "refused", self.reasons[number])
        if event.key not in heard:
            return Saved(event.key, "refused", _("This item is not in the campaign."))
        return Saved(event.key, heard[event.key] if self.first[event.key] == number else "again")


def _claimed(annotator: Annotator, task_id: int, key: UUID, kind: str) -> bool:
    """Whether an answer without a slot found a free one of its task, within the annotator's quota."""
    with transaction.atomic():
        _locked(annotator)
        return bool(rows(sql.CLAIM, _claim(annotator, task_id, key, kind)))


def _claim(annotator: Annotator, task_id: int, key: UUID, kind: str) -> dict[str, Any]:
    state = "answered" if kind == "answer" else "skipped"
    return {"task": task_id, "annotator": annotator.pk, "key": key, "state": state}


def hand_out(*, annotator: Annotator, wanted: int, have: set[int], now: datetime) -> list[Handed]:
    """The next tasks for somebody, at most `wanted`, none of those they `have`; none unless the campaign is open.

    Fixed shares: their own open slots. Pool: what they hold already, then free slots, leased to them for the
    campaign's minutes; where too few are free, leases that are over fall back to the pool first.
    """
    wanted = min(wanted, MOST_AT_ONCE - len(have))
    if wanted <= 0 or not _gives(annotator):
        return []
    if annotator.campaign.mode != POOL:
        return _handed(sql.OPEN_FOR, _wish(annotator, wanted, have, now))
    found = _leased(annotator, wanted, have, now)
    if len(found) < wanted and release_lapsed(campaign=annotator.campaign, now=now):
        found += _leased(annotator, wanted - len(found), have | {task.task_id for task in found}, now)
    return found


def _gives(annotator: Annotator) -> bool:
    return annotator.campaign.state == Campaign.State.OPEN and annotator.left_at is None


def _leased(annotator: Annotator, wanted: int, have: set[int], now: datetime) -> list[Handed]:
    wish = _wish(annotator, wanted, have, now)
    lock = (sql.LOCK, {"annotator": annotator.pk})
    held, leased = together(lock, (sql.HELD, wish), (sql.LEASE_BESIDE, wish))[1:]
    return [Handed.from_row(row) for row in (*held, *leased)]


def _wish(annotator: Annotator, wanted: int, have: set[int], now: datetime) -> dict[str, Any]:
    return {
        "campaign": annotator.campaign_id,
        "annotator": annotator.pk,
        "have": list(have),
        "wanted": wanted,
        "most": MOST_AT_ONCE,
        "until": now + timedelta(minutes=annotator.campaign.lease_minutes),
    }


def release_lapsed(*, campaign: Campaign, now: datetime) -> int:
    """Give leases that are over back to the pool, but those of people who are at work this moment. How many."""
    with transaction.atomic():
        idle = [row[0] for row in rows(sql.LAPSED, {"campaign": campaign.pk, "now": now})]
        if not idle:
            return 0
        [(released,)] = rows(sql.RELEASE, {"campaign": campaign.pk, "now": now, "annotators": idle})
        return int(released)


def keep_leases(*, annotator: Annotator, have: set[int], now: datetime) -> None:
    """The page is still open on these: their leases begin anew."""
    until = now + timedelta(minutes=annotator.campaign.lease_minutes)
    rows(sql.KEEP, {"annotator": annotator.pk, "have": list(have), "until": until})


def choose(*, annotator: Annotator, task_id: int, category: str, now: datetime) -> Handed | None:
    """Keep what somebody chose before they are told which side is which, and give the task whose sides these are.

    None where it is no task that they were given or have answered; BadInput where the category is no choice here.
    """
    if category not in choices_of(annotator.campaign.taxonomy_version_id):
        raise BadInput(_("Choose one of the categories first."), field="category")
    said = {"campaign": annotator.campaign_id, "annotator": annotator.pk, "task": task_id, "category": category}
    found = _handed(sql.CHOSEN, said | {"now": now, "blind": annotator.campaign.blind})
    return found[0] if found else None


def reminder_seen(*, annotator: Annotator, reminder: int, now: datetime) -> None:
    """Somebody's page has shown a reminder: it is over, and whatever was sent before it."""
    rows(sql.SEEN, {"annotator": annotator.pk, "reminder": reminder, "now": now})
    if annotator.open_reminder is not None and annotator.open_reminder["id"] <= reminder:
        annotator.open_reminder = None


def keep_keys(*, annotator: Annotator, keys: Mapping[str, str]) -> None:
    """Remember somebody's own keyboard: action → `event.code`."""
    annotator.keys = dict(keys)
    annotator.save(update_fields=["keys"])


def _handed(statement: str, values: Mapping[str, Any]) -> list[Handed]:
    return [Handed.from_row(row) for row in rows(statement, values)]
