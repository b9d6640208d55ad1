"""Who is in a campaign: somebody joins or leaves midway, quotas, reminders. Nothing that was answered ever moves.

Locks are taken in one order everywhere: the campaign, its annotators by id, then slots.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from ml_core.failures.sampling import OVERLAP, share_names
from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.capabilities import role_may
from webapp.accounts.models import Membership, User
from webapp.annotation.models import Annotator, Campaign, Label, Reminder, Slot, Task

AT_HAND = 12  # so many of somebody's next tasks stay theirs where they can: their page holds them already
MOST = 100


@transaction.atomic
def add_annotator(
    *, campaign: Campaign, user: User, quota: int | None = None, actor: User | None, now: datetime
) -> Annotator:
    """Somebody joins: every overlap sample wants an answer of theirs too; of what nobody has answered they take a fair
    part over, chosen by hash from those who have most left. Who left before comes back under their letter."""
    campaign, people = _locked(campaign)
    here = [row for row in people if row.left_at is None]
    _check_joining(campaign, user, here)
    row = next((row for row in people if row.user_id == user.pk), None)
    if row is None:
        taken = {row.letter for row in people}
        letter = next(name for name in share_names(len(taken) + 1) if name not in taken)
        row = Annotator.objects.create(campaign=campaign, user=user, letter=letter, quota=quota, joined_at=now)
    else:
        row.left_at, row.quota = None, None if quota is None else max(quota, row.held)
        row.save(update_fields=["left_at", "quota"])
    if campaign.mode == Campaign.Mode.POOL:
        overlap, moved = _widen_pool(campaign, row), 0
    else:
        overlap, moved = _give_overlap(campaign, row), _move_to(campaign, row, here)
    told = {"annotator": user.username, "letter": row.letter, "overlap": overlap, "moved": moved}
    _told(campaign, "campaign.annotator_added", actor, now, told)
    row.refresh_from_db()
    return row


@transaction.atomic
def remove_annotator(*, annotator: Annotator, actor: User | None, now: datetime) -> Annotator:
    """Somebody leaves: their answers stay, their open samples go to the others, their open overlap is not wanted."""
    campaign, people = _locked(annotator.campaign)
    row = next(row for row in people if row.pk == annotator.pk)
    if row.left_at is not None:
        return row
    rest = [other for other in people if other.left_at is None and other.pk != row.pk]
    if not rest:
        raise BadInput(_("A campaign keeps at least one annotator. Add somebody else first, or finish it."))
    row.left_at = now
    row.save(update_fields=["left_at"])
    pool = campaign.mode == Campaign.Mode.POOL
    moved = _back_to_pool(campaign, row) if pool else _hand_over(campaign, row, rest)
    told = {"annotator": row.user.username, "letter": row.letter, "moved": moved}
    _told(campaign, "campaign.annotator_removed", actor, now, told)
    row.refresh_from_db()
    return row


@transaction.atomic
def share_out_rest(*, annotator: Annotator) -> int:
    """What is open for somebody who left, because they took an answer back, goes to the others. How many."""
    campaign, people = _locked(annotator.campaign)
    row = next(row for row in people if row.pk == annotator.pk)
    rest = [other for other in people if other.left_at is None]
    if row.left_at is None or not rest:
        return 0
    if campaign.mode != Campaign.Mode.POOL:
        return _hand_over(campaign, row, rest)
    held = Slot.objects.filter(annotator=row, state__in=(Slot.State.LEASED, Slot.State.OPEN))
    gone = held.filter(task__group=OVERLAP).update(state=Slot.State.WITHDRAWN, lease_until=None)
    freed = held.exclude(task__group=OVERLAP).update(state=Slot.State.FREE, annotator=None, lease_until=None)
    _hold(row, -gone - freed)
    return freed


@transaction.atomic
def set_quota(*, annotator: Annotator, quota: int | None, actor: User | None, now: datetime) -> Annotator:
    """How many answers of a pool somebody may give; None for no bound. BadInput below what they hold already."""
    campaign, people = _locked(annotator.campaign)
    row = next(row for row in people if row.pk == annotator.pk)
    if campaign.mode != Campaign.Mode.POOL:
        raise BadInput(_("Quotas belong to a shared pool; here everybody has a fixed share."), field="quota")
    if quota is not None and quota < row.held:
        said = _("%(name)s holds %(n)d already, so the quota is at least that.")
        raise BadInput(said % {"name": row.user.username, "n": row.held}, field="quota")
    row.quota = quota
    row.save(update_fields=["quota"])
    _told(campaign, "campaign.quota_changed", actor, now, {"annotator": row.user.username, "quota": quota})
    return row


@transaction.atomic
def remind(*, annotator: Annotator, text: str = "", actor: User | None, now: datetime) -> Reminder:
    """A line that the annotator sees at home and while labelling, until their labelling page has shown it."""
    campaign, people = _locked(annotator.campaign)
    row = next(row for row in people if row.pk == annotator.pk)
    if row.left_at is not None or campaign.state != Campaign.State.OPEN:
        raise BadInput(_("Only somebody who labels in an open campaign can be reminded."))
    sent = Reminder.objects.create(annotator=row, text=" ".join(text.split())[:400], sent_by=actor, at=now)
    _told(campaign, "campaign.reminded", actor, now, {"annotator": row.user.username})
    return sent


def _check_joining(campaign: Campaign, user: User, here: list[Annotator]) -> None:
    if campaign.state == Campaign.State.FINISHED:
        raise BadInput(_("This campaign is finished. Reopen it before somebody joins."))
    if any(row.user_id == user.pk for row in here):
        raise BadInput(_("%(name)s is in this campaign already.") % {"name": user.username}, field="user")
    if len(here) >= MOST:
        raise BadInput(_("A campaign has at most %(n)d annotators.") % {"n": MOST}, field="user")
    role = Membership.objects.filter(project=campaign.project, user=user, user__is_active=True)
    if not role_may(role.values_list("role", flat=True).first(), "label.give"):
        raise BadInput(_("%(name)s may not label in this project.") % {"name": user.username}, field="user")


def _give_overlap(campaign: Campaign, row: Annotator) -> int:
    """Open slots on every overlap sample; those that were withdrawn when they left open again."""
    again = Slot.objects.filter(
        annotator=row, state=Slot.State.WITHDRAWN, task__group=OVERLAP, task__state=Task.State.ACTIVE
    )
    count = again.update(state=Slot.State.OPEN)
    theirs = set(Slot.objects.filter(annotator=row).values_list("task_id", flat=True))
    fresh = [
        Slot(campaign=campaign, task_id=task, number=number, annotator=row, position=position, state=Slot.State.OPEN)
        for task, position, number in _overlap_numbers(campaign)
        if task not in theirs
    ]
    Slot.objects.bulk_create(fresh)
    _hold(row, count + len(fresh))
    return count + len(fresh)


def _widen_pool(campaign: Campaign, row: Annotator) -> int:
    """One more free slot on every overlap sample that they have not answered."""
    theirs = set(Slot.objects.filter(annotator=row).values_list("task_id", flat=True))
    fresh = [
        Slot(campaign=campaign, task_id=task, number=number, position=position, state=Slot.State.FREE)
        for task, position, number in _overlap_numbers(campaign)
        if task not in theirs
    ]
    Slot.objects.bulk_create(fresh)
    return len(fresh)


def _overlap_numbers(campaign: Campaign) -> list[tuple[int, int, int]]:
    """Task, position and next slot number of every overlap sample."""
    rows = Task.objects.filter(campaign=campaign, group=OVERLAP, state=Task.State.ACTIVE)
    found = rows.annotate(last=Max("slots__number")).values_list("pk", "position", "last")
    return [(task, position, (last or 0) + 1) for task, position, last in found]


def _move_to(campaign: Campaign, row: Annotator, here: list[Annotator]) -> int:
    """An equal part of the samples of one's own that nobody has answered, from whoever has most of them left."""
    known = _known_to([row.pk])
    open_slots = _own_open(campaign, [other.pk for other in here])
    share = sum(map(len, open_slots.values())) // (len(here) + 1)
    movable = {
        holder: sorted(
            (slot for slot in slots[min(AT_HAND, len(slots) // 2) :] if (slot.task_id, row.pk) not in known),
            key=lambda slot: _hash(campaign, slot),
            reverse=True,
        )
        for holder, slots in open_slots.items()
    }
    left = {holder: len(slots) for holder, slots in open_slots.items()}
    taken: list[Slot] = []
    while len(taken) < share and (rich := [holder for holder in movable if movable[holder]]):
        holder = max(rich, key=lambda one: (left[one], -one))
        taken.append(movable[holder].pop())
        left[holder] -= 1
    _give({slot.pk: (slot, row) for slot in taken})
    return len(taken)


def _hand_over(campaign: Campaign, row: Annotator, rest: list[Annotator]) -> int:
    """Their open samples go to whoever has fewest, in an order by hash; what nobody may take is withdrawn."""
    shared = Slot.objects.filter(annotator=row, state=Slot.State.OPEN, task__group=OVERLAP)
    gone = shared.update(state=Slot.State.WITHDRAWN)
    by_pk = {other.pk: other for other in rest}
    left = {pk: len(slots) for pk, slots in _own_open(campaign, list(by_pk)).items()}
    known = _known_to(list(by_pk))
    mine = sorted(_own_open(campaign, [row.pk])[row.pk], key=lambda slot: _hash(campaign, slot))
    given: dict[int, tuple[Slot, Annotator]] = {}
    for slot in mine:
        able = [pk for pk in by_pk if (slot.task_id, pk) not in known]
        if able:
            chosen = min(able, key=lambda pk: (left[pk], pk))
            given[slot.pk] = (slot, by_pk[chosen])
            left[chosen] += 1
    stranded = [slot.pk for slot in mine if slot.pk not in given]
    Slot.objects.filter(pk__in=stranded).update(state=Slot.State.WITHDRAWN)
    _hold(row, -gone - len(stranded))
    _give(given)
    return len(given)


def _back_to_pool(campaign: Campaign, row: Annotator) -> int:
    """What they held falls back; an overlap sample that they have not answered wants one answer fewer."""
    held = Slot.objects.filter(annotator=row, state__in=(Slot.State.LEASED, Slot.State.OPEN))
    count = held.update(state=Slot.State.FREE, annotator=None, lease_until=None)
    _hold(row, -count)
    theirs = Slot.objects.filter(annotator=row).values("task")
    free = Slot.objects.filter(campaign=campaign, state=Slot.State.FREE, task__group=OVERLAP).exclude(task__in=theirs)
    spare = list(free.order_by("task", "-number").distinct("task").values_list("pk", flat=True))
    Slot.objects.filter(pk__in=spare).update(state=Slot.State.WITHDRAWN)
    return count


def _own_open(campaign: Campaign, holders: list[int]) -> dict[int, list[Slot]]:
    """Open slots of samples that one person labels, by holder, in the order in which they come."""
    rows = Slot.objects.select_for_update(of=("self",)).filter(
        campaign=campaign, annotator__in=holders, state=Slot.State.OPEN, task__state=Task.State.ACTIVE
    )
    found: dict[int, list[Slot]] = {holder: [] for holder in holders}
    for slot in rows.exclude(task__group=OVERLAP).select_related("task").order_by("position"):
        found[int(slot.annotator_id or 0)].append(slot)
    return found


def _known_to(people: list[int]) -> set[tuple[int, int]]:
    """(task, annotator) of every slot and label that these people have: a second slot there would be one too many."""
    slots = Slot.objects.filter(annotator__in=people).values_list("task_id", "annotator_id")
    labels = Label.objects.filter(annotator__in=people).values_list("task_id", "annotator_id")
    return {(task, int(person or 0)) for task, person in [*slots, *labels]}


def _give(given: dict[int, tuple[Slot, Annotator]]) -> None:
    """Each slot to its new holder, its task into their group, and everybody's count as it then is."""
    change: dict[int, int] = defaultdict(int)
    slots: list[Slot] = []
    tasks: list[Task] = []
    for slot, holder in given.values():
        change[int(slot.annotator_id or 0)] -= 1
        change[holder.pk] += 1
        slot.annotator_id, slot.task.group = holder.pk, holder.letter
        slots.append(slot)
        tasks.append(slot.task)
    Slot.objects.bulk_update(slots, ["annotator"], batch_size=1000)
    Task.objects.bulk_update(tasks, ["group"], batch_size=1000)
    for person, more in sorted(change.items()):
        Annotator.objects.filter(pk=person).update(held=F("held") + more)


def _hold(row: Annotator, more: int) -> None:
    Annotator.objects.filter(pk=row.pk).update(held=F("held") + more)


def _hash(campaign: Campaign, slot: Slot) -> bytes:
    return hashlib.sha256(f"{campaign.plan.get('seed', 0)}\0moved\0{slot.task.idx}".encode()).digest()


def _locked(campaign: Campaign) -> tuple[Campaign, list[Annotator]]:
    rows = Campaign.objects.select_for_update(no_key=True, of=("self",)).select_related("project")
    found = rows.get(pk=campaign.pk)
    people = Annotator.objects.select_for_update(of=("self",)).filter(campaign=found).select_related("user")
    return found, list(people.order_by("pk"))


def _told(campaign: Campaign, verb: str, actor: User | None, now: datetime, details: dict[str, Any]) -> None:
    told = details | {"campaign": campaign.pk}
    record(verb=verb, actor=actor, project=campaign.project, target=campaign.name, details=told, now=now)
