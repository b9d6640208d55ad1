"""kill -9 on the worker in the middle of a calculation: what was asked for comes all the same, once, and the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from ml_core.agreement.report import agreement_report
from ml_core.taxonomy import DEFAULT
from tests.webapp import annotation_parts
from tests.webapp.test_annotation_sets import label_all
from tests.workers.ground import Ground, standing
from webapp.accounts.models import AuditEvent, User
from webapp.annotation.models import AnalysisItem, AnalysisSet, Calculation, Campaign, Label
from webapp.annotation.review.calculations import ask_for_agreement
from webapp.annotation.sets.actions import ask_to_freeze
from webapp.broker import CALCULATION_TASK, wake
from webapp.local import embedded

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def ground(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """Servers and a worker of these tests' own."""
    folder, store = tmp_path_factory.mktemp("kills"), Path(settings.NEARMISS_STORE)
    with django_db_blocker.unblock(), standing(folder, store, settings.NEARMISS_CACHE, "jobs") as found:
        yield found


@pytest.fixture(scope="module")
def campaign(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A campaign that three people have answered."""
    made = annotation_parts.campaign(annotation_parts.labelled_project(tmp_path_factory.mktemp("cases")))
    label_all(made)
    return made


@contextmanager
def held(table: str) -> Iterator[psycopg.Connection[Any]]:
    """Whoever wants this table waits until the end: a calculation that needs it stays in its middle."""
    with embedded.connect(settings.PLACES, str(connections.settings["default"]["NAME"]), embedded.OWNER) as line:
        line.autocommit = False
        line.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")  # type: ignore[arg-type]
        yield line
        line.rollback()


def until(row: Calculation, true: Callable[[], bool], seconds: float = 300) -> None:
    """Waits, while the clock wakes workers as it does in production."""
    deadline, woken = time.monotonic() + seconds, 0.0
    while not true():
        assert time.monotonic() < deadline, Calculation.objects.values().get(pk=row.pk)
        if time.monotonic() > woken + 2:
            woken = time.monotonic()
            wake(CALCULATION_TASK)
        time.sleep(0.05)


def waits_for(line: psycopg.Connection[Any], table: str) -> bool:
    """Whether somebody stands before the held table."""
    asked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    [count] = line.execute(asked, [table]).fetchone() or (0,)
    return bool(count)


def struck(ground: Ground, ask: Callable[[], Calculation], table: str) -> Calculation:
    """The worker is killed while it is at the calculation; another one is started. Returns the row as it ended."""
    worker = ground.site.pid("jobs")
    os.kill(worker, signal.SIGSTOP)  # who asks reads the table as well, so the worker waits until it is held
    row = ask()
    with held(table) as line:
        os.kill(worker, signal.SIGCONT)
        until(row, lambda: waits_for(line, table))
        assert Calculation.objects.get(pk=row.pk).state == "working"
        ground.site.kill("jobs")
        assert Calculation.objects.get(pk=row.pk).state == "working"
    ground.site.start("jobs")
    until(row, lambda: Calculation.objects.get(pk=row.pk).state in ("ready", "failed"))
    ended = Calculation.objects.get(pk=row.pk)
    assert (ended.state, ended.attempt) == ("ready", 2), ended.failure
    return ended


def asked(campaign: Campaign) -> Calculation:
    """The wish for the agreement report."""
    row = ask_for_agreement(campaign=campaign, now=timezone.now())
    assert row is not None
    return row


def test_an_agreement_report_whose_worker_was_killed_comes_once_and_is_the_same(ground, campaign):
    ended = struck(ground, lambda: asked(campaign), "annotation_label")
    answers = Label.objects.filter(campaign=campaign).values_list("task__idx", "annotator__letter", "category")
    whole = agreement_report(list(answers), taxonomy_keys=DEFAULT.keys)
    assert ended.result["coefficients"] == whole["coefficients"]
    assert Calculation.objects.filter(kind="agreement").count() == 1


@pytest.mark.parametrize(
    ("table", "rule"), [("annotation_label", "majority"), ("annotation_analysisitem", "consensus")]
)  # the same labels by the same rule would be the set that is there already
def test_a_set_whose_worker_was_killed_is_frozen_once(ground, campaign, table, rule):
    owner, name = User.objects.get(username="owner"), f"Held at {table}"
    wish = {"name": name, "rule": rule, "incomplete": False, "actor": owner, "now": timezone.now()}
    ended = struck(ground, lambda: ask_to_freeze(campaign=campaign, **wish), table)
    made = AnalysisSet.objects.get(name=name)
    assert ended.result == {"set": made.pk}
    assert AnalysisItem.objects.filter(analysis_set=made).count() == made.item_count == 30
    assert AuditEvent.objects.filter(verb="set.frozen", target=name).count() == 1
