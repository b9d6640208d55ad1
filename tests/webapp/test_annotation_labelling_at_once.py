"""Many people at once on one pool, each on a connection of their own: the database lets nothing go wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Event
from time import sleep
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from tests.webapp import annotation_parts as parts
from tests.webapp.test_annotation_labelling_versions import colour, version_with
from webapp.annotation.campaigns import states
from webapp.annotation.labelling.actions import answer_and_go_on, hand_out, record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, Label, LabelEvent, Slot

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("ann", "bob", "cy", "dot", "eve", "flo")


@pytest.fixture
def pool(tmp_path: Path) -> Campaign:
    return parts.campaign(parts.labelled_project(tmp_path, names=NAMES), names=NAMES, mode="pool")


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Each on its own thread and connection, begun together."""
    barrier = Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        try:
            barrier.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(one, works))


def said(task: int) -> Answer:
    return Answer(uuid4(), task, "answer", "object")


def test_a_whole_pool_is_labelled_by_six_people_without_a_slot_given_twice(pool: Campaign) -> None:
    def labels(name: str) -> list[int]:
        who, given = parts.annotator(pool, name), []
        while tasks := hand_out(annotator=who, wanted=3, have=set(), now=timezone.now()):
            given += [task.task_id for task in tasks]
            events = [said(task.task_id) for task in tasks]
            outcomes = record_answers(annotator=who, events=events, source="page", now=timezone.now())
            assert {one.outcome for one in outcomes} == {"saved"}
        return given

    given = at_once(*(lambda name=name: labels(name) for name in NAMES))
    assert all(len(tasks) == len(set(tasks)) for tasks in given)
    wanted = dict(Slot.objects.filter(campaign=pool).values_list("task").annotate(Count("id")))
    assert Counter(task for tasks in given for task in tasks) == wanted
    assert not Slot.objects.filter(campaign=pool).exclude(state="answered").exists()
    for who in Annotator.objects.filter(campaign=pool):
        assert who.held == who.slots.count()


def test_quotas_hold_while_everybody_asks_at_once(pool: Campaign) -> None:
    Annotator.objects.filter(campaign=pool).update(quota=5)

    def asks(name: str) -> int:
        return len(hand_out(annotator=parts.annotator(pool, name), wanted=4, have=set(), now=timezone.now()))

    at_once(*(lambda name=name: asks(name) for name in NAMES for _ in range(3)))
    for who in Annotator.objects.filter(campaign=pool):
        assert who.held == who.slots.count() <= 5


def test_one_answer_sent_from_many_tabs_at_once_is_stored_once(pool: Campaign) -> None:
    ann = parts.annotator(pool, "ann")
    answer = said(hand_out(annotator=ann, wanted=1, have=set(), now=timezone.now())[0].task_id)

    def sends() -> str:
        who = parts.annotator(pool, "ann")
        return record_answers(annotator=who, events=[answer], source="page", now=timezone.now())[0].outcome

    assert Counter(at_once(*[sends] * 6)) == {"saved": 1, "again": 5}
    assert LabelEvent.objects.count() == Label.objects.count() == 1


def test_lapsed_leases_are_given_on_once_while_their_people_still_answer(pool: Campaign) -> None:
    now = timezone.now()
    ann = parts.annotator(pool, "ann")
    late = [task.task_id for task in hand_out(annotator=ann, wanted=20, have=set(), now=now)]
    later = now + timedelta(minutes=20)

    def answers_late() -> Counter[str]:
        told = [record_answers(annotator=ann, events=[said(task)], source="page", now=later)[0] for task in late]
        return Counter(one.outcome for one in told)

    def takes(name: str) -> int:
        return len(hand_out(annotator=parts.annotator(pool, name), wanted=40, have=set(), now=later))

    outcomes, *_ = at_once(answers_late, *(lambda name=name: takes(name) for name in NAMES[1:]))
    assert set(outcomes) <= {"saved", "surplus"} and sum(outcomes.values()) == len(late)
    assert Label.objects.filter(annotator=ann).count() == len(late)
    assert Label.objects.filter(annotator=ann, slot__state="answered", slot__annotator=ann).count() == outcomes["saved"]
    for who in Annotator.objects.filter(campaign=pool):
        assert who.held == who.slots.exclude(state="withdrawn").count()


@pytest.mark.parametrize("mode", ["shares", "pool"])
@pytest.mark.parametrize("goes_on", [False, True])
def test_an_answer_that_waits_while_the_campaign_takes_a_version_is_kept(
    tmp_path: Path, mode: str, goes_on: bool
) -> None:
    campaign = parts.campaign(parts.labelled_project(tmp_path, names=NAMES[:2]), names=NAMES[:2], mode=mode)
    version, who, taken = version_with(campaign, colour()), parts.annotator(campaign, "ann"), Event()
    first, *rest = [task.task_id for task in hand_out(annotator=who, wanted=3, have=set(), now=timezone.now())]

    def switch() -> None:
        with transaction.atomic():
            states.use_version(campaign=campaign, version=version, actor=None, now=timezone.now())
            taken.set()
            until_somebody_waits()

    def label() -> list[str]:
        taken.wait(20)
        events, now = [Answer(uuid4(), first, "answer", "object")], timezone.now()
        if not goes_on:
            return [one.outcome for one in record_answers(annotator=who, events=events, source="page", now=now)]
        went = answer_and_go_on(annotator=who, events=events, wanted=2, have=set(rest), source="page", now=now)
        return [one.outcome for one in went.saved]

    assert at_once(switch, label)[1] == ["saved"]
    assert LabelEvent.objects.filter(campaign_id=campaign.pk).count() == 1


def until_somebody_waits() -> None:
    """Returns when a connection waits for a lock."""
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        sleep(0.05)
    raise AssertionError("nobody waits for the annotators' rows")
