"""Campaigns under many hands at once: real connections, and what must hold afterwards holds."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connections
from django.utils import timezone

from tests.webapp import annotation_parts, people
from webapp.accounts.models import User
from webapp.annotation.campaigns import staff
from webapp.annotation.campaigns.actions import replace_unusable
from webapp.annotation.labelling.actions import hand_out, record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, Label, Slot, Task

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("ann", "bob", "cy")


@pytest.fixture
def run(tmp_path):
    run = annotation_parts.labelled_project(tmp_path)
    for name in ("dan", "eve"):
        people.member(run.project, people.person(name), "annotator")
    return run


def at_once(*jobs: Callable[[], None]) -> None:
    """Every job in a thread with a connection of its own, begun together; what one of them raises is raised."""
    start, raised = threading.Barrier(len(jobs)), []

    def worker(job: Callable[[], None]) -> None:
        try:
            start.wait()
            job()
        except Exception as error:  # noqa: BLE001  # raised below
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def labels(campaign: Campaign, name: str, rounds: int) -> Callable[[], None]:
    """Somebody who takes what is next and answers it, again and again."""

    def job() -> None:
        for _ in range(rounds):
            person = annotation_parts.annotator(campaign, name)
            tasks = hand_out(annotator=person, wanted=2, have=set(), now=timezone.now())
            said = [
                Answer(
                    key=uuid.uuid4(), task_id=task.task_id, kind="answer", category="object", subtype="",
                    skip_reason="", confidence=None, note="", flagged=False, first_choice_ms=1, spent_ms=1,
                    said_at=None,
                )
                for task in tasks
            ]  # fmt: skip
            record_answers(annotator=person, events=said, source="page", now=timezone.now())

    return job


def joins_and_leaves(campaign: Campaign, name: str) -> Callable[[], None]:
    """Somebody who is added and removed twice."""

    def job() -> None:
        user = User.objects.get(username=name)
        for _ in range(2):
            row = staff.add_annotator(campaign=campaign, user=user, actor=None, now=timezone.now())
            staff.remove_annotator(annotator=row, actor=None, now=timezone.now())

    return job


def takes_out(campaign: Campaign, count: int) -> Callable[[], None]:
    """Somebody who finds samples unusable."""

    def job() -> None:
        for task in Task.objects.filter(campaign=campaign, state="active").order_by("-position")[:count]:
            replace_unusable(task=task, reason="broken", actor=None, now=timezone.now())

    return job


def holds(campaign: Campaign) -> None:
    """Counts are right, quotas kept, nothing said was lost, and every sample of one's own is wanted once."""
    for row in Annotator.objects.filter(campaign=campaign):
        assert row.held == Slot.objects.filter(annotator=row).exclude(state="withdrawn").count(), row.letter
        assert row.quota is None or row.held <= row.quota
    pairs = Counter(Slot.objects.filter(campaign=campaign, annotator__isnull=False).values_list("task", "annotator"))
    assert set(pairs.values()) <= {1}
    for task in Task.objects.filter(campaign=campaign, state="active").exclude(group="overlap"):
        assert Slot.objects.filter(task=task).exclude(state="withdrawn").count() == 1, task.idx
    answered = Slot.objects.filter(campaign=campaign, state="answered").count()
    surplus = Label.objects.filter(campaign=campaign, slot=None).exclude(category="").count()
    assert answered + surplus == Label.objects.filter(campaign=campaign).exclude(category="").count()


@pytest.mark.parametrize("mode", ["shares", "pool"])
def test_people_label_while_others_join_leave_and_take_samples_out(run, mode):
    campaign = annotation_parts.campaign(run, mode=mode, quota=16 if mode == "pool" else None)
    at_once(
        *(labels(campaign, name, 6) for name in NAMES),
        joins_and_leaves(campaign, "dan"),
        joins_and_leaves(campaign, "eve"),
        takes_out(campaign, 3),
    )
    holds(campaign)
    wanted = Slot.objects.filter(campaign=campaign, task__group="overlap", task__state="active")
    assert (
        wanted.exclude(state="withdrawn").count()
        == 3 * Task.objects.filter(campaign=campaign, group="overlap", state="active").count()
    )


def test_a_pool_gives_no_slot_twice_and_no_more_than_a_quota(run):
    campaign = annotation_parts.campaign(run, mode="pool", quota=9)
    at_once(*(labels(campaign, name, 8) for name in NAMES for _ in range(2)))
    holds(campaign)
    assert {row.held for row in Annotator.objects.filter(campaign=campaign)} == {9}


def test_a_sample_that_several_find_unusable_is_replaced_once(run):
    campaign = annotation_parts.campaign(run)
    task = Task.objects.filter(campaign=campaign, group="overlap").first()

    def job() -> None:
        replace_unusable(task=task, reason="broken", actor=None, now=timezone.now())

    at_once(job, job, job)
    assert Task.objects.filter(replaces=task).count() == 1
    assert Task.objects.filter(campaign=campaign, state="reserve").count() == 3
    holds(campaign)


def test_one_person_joins_once_however_often_it_is_asked(run):
    campaign = annotation_parts.campaign(run)
    user = User.objects.get(username="dan")

    def job() -> None:
        try:
            staff.add_annotator(campaign=campaign, user=user, actor=None, now=timezone.now())
        except staff.BadInput:
            return

    at_once(job, job, job)
    assert Annotator.objects.filter(campaign=campaign).count() == 4
    holds(campaign)
