"""The one way a label is written and the one way a task is given out; both in as few statements as they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.annotation.campaigns.actions import replace_unusable
from webapp.annotation.campaigns.staff import share_out_rest
from webapp.annotation.labelling import sql
from webapp.annotation.labelling.answers import REPLACING, SAVED, Answer, Handed, Saved, refusal
from webapp.annotation.labelling.taxonomy import choices_of
from webapp.annotation.models import Annotator, Campaign, Task
from webapp.statements import rows

POOL = Campaign.Mode.POOL
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
    _replace(annotator, events, outcomes, now)
    if campaign["left_at"] is not None and any(event.kind == "withdraw" for event in events):
        share_out_rest(annotator=annotator)  # what somebody who left takes back is wanted from the others
    return outcomes


def answer_and_go_on(
    *, annotator: Annotator, events: Sequence[Answer], wanted: int, have: set[int], source: str, now: datetime
) -> tuple[list[Saved], list[Handed]]:
    """`record_answers`, then `hand_out`: in one transaction where a pool's next slot is free at once."""
    room = min(wanted, MOST_AT_ONCE - len(have))
    plain = not any(event.kind == "skip" for event in events)  # a skip may bring another item first
    if not (events and room > 0 and have and plain and _gives(annotator) and annotator.campaign.mode == POOL):
        saved = record_answers(annotator=annotator, events=events, source=source, now=now)
        return saved, hand_out(annotator=annotator, wanted=wanted, have=have, now=now) if wanted else []
    with transaction.atomic():
        saved = _written(annotator, _locked(annotator), events, source, now)
        found = _handed(sql.LEASE, _wish(annotator, room, have, now))
    if len(found) < room:
        found += hand_out(
            annotator=annotator, wanted=room - len(found), have=have | {task.task_id for task in found}, now=now
        )
    return saved, found


def _replace(annotator: Annotator, events: Sequence[Answer], outcomes: Sequence[Saved], now: datetime) -> None:
    """What was skipped because nobody can label it is taken out, and one of the backup takes its place."""
    last = {event.task_id: (event, saved) for event, saved in zip(events, outcomes, strict=True)}
    for event, saved in last.values():
        if event.kind == "skip" and event.skip_reason in REPLACING and saved.outcome in {"saved", "surplus"}:
            task = Task.objects.get(pk=event.task_id)
            replace_unusable(task=task, reason=event.skip_reason, actor=annotator.user, now=now)


def _locked(annotator: Annotator) -> dict[str, Any]:
    """The campaign's settings, with the annotator's row held: what one person says is heard one after the other."""
    [row] = rows(sql.LOCK, {"annotator": annotator.pk})
    return dict(zip(("mode", "lease_minutes", "taxonomy_version_id", "left_at"), row, strict=True))


def _written(
    annotator: Annotator, campaign: Mapping[str, Any], events: Sequence[Answer], source: str, now: datetime
) -> list[Saved]:
    choices = choices_of(campaign["taxonomy_version_id"])
    reasons = [refusal(event, choices) for event in events]
    first: dict[Any, int] = {}
    for number, event in enumerate(events):
        if not reasons[number]:
            first.setdefault(event.key, number)
    taken = [events[number] for number in sorted(first.values())]
    heard = _heard(annotator, campaign, taken, source, now) if taken else {}
    outcomes = []
    for number, event in enumerate(events):
        if reasons[number]:
            outcomes.append(Saved(event.key, "refused", reasons[number]))
        elif event.key not in heard:
            outcomes.append(Saved(event.key, "refused", _("This item is not in the campaign.")))
        else:
            outcomes.append(Saved(event.key, heard[event.key] if first[event.key] == number else "again"))
    return outcomes


def _heard(
    annotator: Annotator, campaign: Mapping[str, Any], events: Sequence[Answer], source: str, now: datetime
) -> dict[Any, str]:
    """The outcome by key of everything whose task is in the campaign."""
    pool = campaign["mode"] == Campaign.Mode.POOL
    values = {
        "campaign": annotator.campaign_id,
        "annotator": annotator.pk,
        "source": source,
        "now": now,
        "pool": pool,
        "lease_until": now + timedelta(minutes=campaign["lease_minutes"]),
    }
    outcomes = {}
    for key, task_id, kind, new, slot_id, last in rows(sql.RECORD, _columns(events) | values):
        if not new:
            outcomes[key] = "again"
        elif slot_id is not None or kind == "withdraw" or not last:
            outcomes[key] = "saved"
        else:
            claimed = pool and _claimed(annotator, task_id, kind)
            outcomes[key] = "saved" if claimed else "surplus"
    return outcomes


def _columns(events: Sequence[Answer]) -> dict[str, list[Any]]:
    return {name: [getattr(event, name) for event in events] for name in SAVED} | {"n": list(range(len(events)))}


def _claimed(annotator: Annotator, task_id: int, kind: str) -> bool:
    """Whether an answer without a slot found a free one of its task, within the annotator's quota."""
    state = "answered" if kind == "answer" else "skipped"
    return bool(rows(sql.CLAIM, {"task": task_id, "annotator": annotator.pk, "state": state}))


def hand_out(*, annotator: Annotator, wanted: int, have: set[int], now: datetime) -> list[Handed]:
    """The next tasks for somebody, at most `wanted`, none of those they `have`; none unless the campaign is open.

    Fixed shares: their own open slots. Pool: what they hold already, then free slots, leased to them for the
    campaign's minutes; where too few are free, leases that are over fall back to the pool first.
    """
    wanted = min(wanted, MOST_AT_ONCE - len(have))
    if wanted <= 0 or not _gives(annotator):
        return []
    if annotator.campaign.mode != POOL:
        return _handed(sql.OPEN_FOR, {"annotator": annotator.pk, "have": list(have), "wanted": wanted})
    found = _leased(annotator, wanted, have, now)
    if len(found) < wanted and release_lapsed(campaign=annotator.campaign, now=now):
        found += _leased(annotator, wanted - len(found), have | {task.task_id for task in found}, now)
    return found


def _gives(annotator: Annotator) -> bool:
    return annotator.campaign.state == Campaign.State.OPEN and annotator.left_at is None


def _leased(annotator: Annotator, wanted: int, have: set[int], now: datetime) -> list[Handed]:
    with transaction.atomic():
        _locked(annotator)
        found = _handed(sql.HELD, _wish(annotator, wanted, have, now))
        if len(found) < wanted:
            found += _handed(sql.LEASE, _wish(annotator, wanted - len(found), have, now))
    return found


def _wish(annotator: Annotator, wanted: int, have: set[int], now: datetime) -> dict[str, Any]:
    return {
        "campaign": annotator.campaign_id,
        "annotator": annotator.pk,
        "have": list(have),
        "wanted": wanted,
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


def keep_first_choice(*, annotator: Annotator, task_id: int, category: str, now: datetime) -> None:
    """Keep what somebody chose before they are told which side is which; BadInput where it is no choice here."""
    if category not in choices_of(annotator.campaign.taxonomy_version_id):
        raise BadInput(_("Choose one of the categories first."), field="category")
    if annotator.campaign.blind:
        said = {"campaign": annotator.campaign_id, "annotator": annotator.pk, "task": task_id, "category": category}
        rows(sql.FIRST_CHOICE, said | {"now": now})


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
