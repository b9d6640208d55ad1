"""How a label is written: once, whole, into the slot that it fills, and nothing that was said is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.webapp import annotation_parts as parts
from webapp.annotation.campaigns import staff
from webapp.annotation.labelling.actions import (
    MOST_AT_ONCE,
    answer_and_go_on,
    hand_out,
    keep_leases,
    record_answers,
    release_lapsed,
)
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, Label, LabelEvent, Slot, Task

pytestmark = pytest.mark.django_db


@pytest.fixture
def shares(tmp_path: Path) -> Campaign:
    return parts.campaign(parts.labelled_project(tmp_path))


@pytest.fixture
def pool(tmp_path: Path) -> Campaign:
    return parts.campaign(parts.labelled_project(tmp_path), mode="pool")


def said(task: int, category: str = "attribute", kind: str = "answer", **more: Any) -> Answer:
    return Answer(uuid4(), task, kind, category if kind == "answer" else "", **more)


def record(who: Annotator, *events: Answer, now: Any = None) -> list[str]:
    return [
        one.outcome for one in record_answers(annotator=who, events=events, source="page", now=now or timezone.now())
    ]


def next_tasks(who: Annotator, wanted: int = 5, have: set[int] | None = None, now: Any = None) -> list[int]:
    return [
        task.task_id for task in hand_out(annotator=who, wanted=wanted, have=have or set(), now=now or timezone.now())
    ]


def test_an_answer_is_an_event_a_label_and_a_filled_slot(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    task = next_tasks(ann)[0]
    answer = said(task, "ambiguous", subtype="underspecified", note="blurred", flagged=True, confidence=2, spent_ms=900)
    assert record(ann, answer) == ["saved"]
    label = Label.objects.get(task=task, annotator=ann)
    event = LabelEvent.objects.get(annotator_id=ann.pk)
    assert (label.category, label.subtype, label.note, label.flagged) == (
        "ambiguous",
        "underspecified",
        "blurred",
        True,
    )
    assert label.last_event == event.pk
    assert event.state["confidence"] == 2
    assert label.slot is not None and label.slot.state == "answered"
    assert task not in next_tasks(ann)


def test_what_arrives_twice_is_stored_once(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    answer = said(next_tasks(ann)[0])
    assert record(ann, answer, answer) == ["saved", "again"]
    assert record(ann, answer) == ["again"]
    assert LabelEvent.objects.count() == Label.objects.count() == 1


def test_the_label_is_what_was_said_last_and_every_word_is_kept(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    first, second = next_tasks(ann)[:2]
    given = record(
        ann, said(first, "count"), said(second, "object"), said(first, kind="withdraw"), said(first, "action")
    )
    assert given == ["saved"] * 4
    assert Label.objects.get(task=first).category == "action"
    assert list(LabelEvent.objects.filter(task_id=first).order_by("id").values_list("kind", flat=True)) == [
        "answer", "withdraw", "answer",
    ]  # fmt: skip


def test_an_answer_taken_back_is_wanted_again(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    task = next_tasks(ann)[0]
    record(ann, said(task))
    record(ann, said(task, kind="withdraw"))
    assert Label.objects.get(task=task).category == ""
    assert next_tasks(ann)[0] == task


def test_a_category_that_is_not_there_is_refused_with_a_reason_and_the_rest_kept(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    task = next_tasks(ann)[0]
    wrong = [said(task, "colour"), said(task, subtype="underspecified"), said(2**40), said(task, kind="skip")]
    answers = record_answers(annotator=ann, events=[*wrong, said(task)], source="page", now=timezone.now())
    assert [one.outcome for one in answers] == ["refused"] * 4 + ["saved"]
    assert all(one.why for one in answers[:4])
    assert LabelEvent.objects.count() == 1


def test_a_task_of_another_campaign_is_unknown_here(shares: Campaign) -> None:
    other = parts.campaign(shares.run, name="Another", seed=2)  # type: ignore[arg-type]
    stranger = next_tasks(parts.annotator(other, "ann"))[0]
    assert record(parts.annotator(shares, "ann"), said(stranger)) == ["refused"]
    assert not Label.objects.exists()


@pytest.mark.parametrize("state", ["paused", "finished"])
def test_an_answer_given_before_the_campaign_was_stopped_is_kept(shares: Campaign, state: str) -> None:
    ann = parts.annotator(shares, "ann")
    task = next_tasks(ann)[0]
    Campaign.objects.update(state=state)
    ann = parts.annotator(shares, "ann")
    assert record(ann, said(task)) == ["saved"]
    assert next_tasks(ann) == []


def test_an_item_skipped_as_broken_is_replaced_from_the_backup(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    task = next_tasks(ann)[0]
    before = Task.objects.filter(campaign=shares, state="active").count()
    assert record(ann, said(task, kind="skip", skip_reason="broken")) == ["saved"]
    assert Task.objects.get(pk=task).state == "unusable"
    assert Task.objects.filter(campaign=shares, state="active").count() == before
    assert record(ann, said(task, kind="withdraw")) == ["saved"]
    assert task not in next_tasks(ann, 40)


def test_an_answer_outside_the_plan_is_kept_as_surplus(shares: Campaign) -> None:
    theirs = Slot.objects.filter(campaign=shares, annotator__user__username="bob", task__group="B").first()
    assert theirs is not None
    ann = parts.annotator(shares, "ann")
    assert record(ann, said(theirs.task_id)) == ["surplus"]
    assert Label.objects.get(annotator=ann).slot is None
    theirs.refresh_from_db()
    assert theirs.state == "open"


def test_a_pool_gives_nobody_what_somebody_else_holds_but_overlap_to_each(pool: Campaign) -> None:
    people = [parts.annotator(pool, name) for name in ("ann", "bob", "cy")]
    held = [set(next_tasks(who, 40)) for who in people]
    overlap = set(Task.objects.filter(campaign=pool, group="overlap").values_list("pk", flat=True))
    rest = [tasks - overlap for tasks in held]
    assert all(overlap <= tasks for tasks in held)
    assert not rest[0] & rest[1] and not rest[1] & rest[2]
    assert [Annotator.objects.get(pk=who.pk).held for who in people] == [len(tasks) for tasks in held]


def test_a_quota_is_never_exceeded(pool: Campaign) -> None:
    Annotator.objects.filter(campaign=pool).update(quota=7)
    ann = parts.annotator(pool, "ann")
    assert len(next_tasks(ann, 5)) == 5
    assert len(next_tasks(ann, 20)) == 7  # the five they hold and two more
    assert Annotator.objects.get(pk=ann.pk).held == 7


def test_a_page_loaded_anew_gets_what_it_holds_first(pool: Campaign) -> None:
    ann = parts.annotator(pool, "ann")
    held = next_tasks(ann, 4)
    assert next_tasks(ann, 4) == held


def test_a_lapsed_lease_is_given_on_and_the_late_answer_stands_as_surplus(pool: Campaign) -> None:
    ann, bob = parts.annotator(pool, "ann"), parts.annotator(pool, "bob")
    Slot.objects.filter(campaign=pool, task__group="overlap").update(state="withdrawn")
    now = timezone.now()
    held = next_tasks(ann, 40, now=now)
    assert held and next_tasks(bob, 40, now=now) == []
    later = now + timedelta(minutes=16)
    assert set(next_tasks(bob, 40, now=later)) == set(held)
    assert Annotator.objects.get(pk=ann.pk).held == 0
    assert record(ann, said(held[0]), now=later) == ["surplus"]
    assert record(bob, said(held[0]), now=later) == ["saved"]


def test_an_answer_after_its_lease_lapsed_fills_the_slot_that_nobody_took(pool: Campaign) -> None:
    ann = parts.annotator(pool, "ann")
    now = timezone.now()
    first, second = next_tasks(ann, 2, now=now)
    later = now + timedelta(minutes=16)
    assert record(ann, said(first), now=later) == ["saved"]  # not released yet
    assert release_lapsed(campaign=pool, now=later) == 1
    assert record(ann, said(second), now=later) == ["saved"]  # released, and free
    assert Label.objects.filter(annotator=ann, slot__state="answered").count() == 2
    assert Annotator.objects.get(pk=ann.pk).held == 2


def test_an_answer_sent_again_takes_the_slot_that_it_has_not_got_yet(pool: Campaign) -> None:
    ann, bob = parts.annotator(pool, "ann"), parts.annotator(pool, "bob")
    Slot.objects.filter(campaign=pool, task__group="overlap").update(state="withdrawn")
    now = timezone.now()
    held = next_tasks(ann, 40, now=now)
    later, last = now + timedelta(minutes=16), now + timedelta(minutes=33)
    next_tasks(bob, 40, now=later)
    answer = said(held[0])
    assert record(ann, answer, now=later) == ["surplus"]
    assert release_lapsed(campaign=pool, now=last)
    assert record(ann, answer, now=last) == ["again"]
    assert Slot.objects.get(task=held[0], state="answered").annotator == ann
    assert Label.objects.get(annotator=ann).slot is not None and LabelEvent.objects.count() == 1
    assert record(ann, answer, now=last) == ["again"]
    assert Annotator.objects.get(pk=ann.pk).held == 1


def test_a_heartbeat_keeps_leases(pool: Campaign) -> None:
    ann = parts.annotator(pool, "ann")
    now = timezone.now()
    first, _ = next_tasks(ann, 2, now=now)
    keep_leases(annotator=ann, have={first}, now=now + timedelta(minutes=14))
    assert release_lapsed(campaign=pool, now=now + timedelta(minutes=16)) == 1


def test_writing_and_handing_out_take_few_statements(shares: Campaign) -> None:
    ann = parts.annotator(shares, "ann")
    tasks = next_tasks(ann, 10)
    record(ann, said(tasks[0]))
    for events in ([said(tasks[1])], [said(task) for task in tasks[2:]]):
        with CaptureQueriesContext(
            connection,
        ) as counted:
            record_answers(annotator=ann, events=events, source="page", now=timezone.now())
        assert len(counted) == 4  # savepoint, lock, everything, release
    with CaptureQueriesContext(connection) as counted:
        next_tasks(ann)
    assert len(counted) == 1


def test_what_lies_outside_the_plan_takes_nothing_out_of_it(shares: Campaign) -> None:
    who = parts.annotator(shares, "ann")
    others = list(Task.objects.filter(campaign=shares, group="B").values_list("pk", flat=True))
    assert set(record(who, *(said(task, kind="skip", skip_reason="broken") for task in others))) == {"surplus"}
    assert not Task.objects.filter(campaign=shares, state="unusable").exists()


def test_who_left_takes_nothing_out_of_the_plan(shares: Campaign) -> None:
    who = parts.annotator(shares, "cy")
    task = next_tasks(who)[0]
    assert record(who, said(task)) == ["saved"]
    staff.remove_annotator(annotator=who, actor=None, now=timezone.now())
    assert record(who, said(task, kind="skip", skip_reason="broken")) == ["saved"]
    assert not Task.objects.filter(campaign=shares, state="unusable").exists()


def test_a_replacement_that_a_dying_server_left_out_is_made_when_the_skip_comes_again(shares: Campaign) -> None:
    who = parts.annotator(shares, "ann")
    task = next_tasks(who)[0]
    skip = said(task, kind="skip", skip_reason="offensive")  # a reason that brings another sample
    record(who, replace(skip, skip_reason="unclear"))  # stands in for the server that ended after it had recorded
    Label.objects.filter(task=task, annotator=who).update(skip_reason="offensive")
    assert record(who, skip) == ["again"]
    assert Task.objects.get(pk=task).state == "unusable" and Task.objects.filter(replaces=task).count() == 1


def test_an_answer_after_its_lease_finds_its_slot_before_a_quota_is_used_up(pool: Campaign) -> None:
    Annotator.objects.filter(campaign=pool).update(quota=4)
    who, now = parts.annotator(pool, "ann"), timezone.now()
    tasks = next_tasks(who, 4, now=now)
    record(who, *map(said, tasks[:2]), now=now)
    later = now + timedelta(minutes=30)
    assert release_lapsed(campaign=pool, now=later) == 2
    who = parts.annotator(pool, "ann")
    late = [said(tasks[2])]
    went = answer_and_go_on(annotator=who, events=late, wanted=3, have={tasks[3]}, source="page", now=later)
    assert [one.outcome for one in went.saved] == ["saved"]
    assert Slot.objects.get(task=tasks[2]).state == "answered" and parts.annotator(pool, "ann").held == 4
    again = answer_and_go_on(annotator=who, events=late, wanted=3, have={tasks[3]}, source="page", now=later)
    assert [one.outcome for one in again.saved] == ["again"]


def test_nobody_holds_more_of_a_pool_than_a_page_may(tmp_path: Path) -> None:
    run = parts.labelled_project(tmp_path, pictures=40)
    pool = parts.campaign(run, mode="pool", size=90, overlap=0, backup=0)
    who, now = parts.annotator(pool, "ann"), timezone.now()
    task = next_tasks(who, 1)[0]
    for _ in range(3):
        answer_and_go_on(annotator=who, events=[said(task)], wanted=39, have={1}, source="page", now=now)
    assert Slot.objects.filter(annotator=who, state="leased").count() == MOST_AT_ONCE
