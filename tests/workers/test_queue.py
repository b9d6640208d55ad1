"""Which run is taken next, and what happens to those whose inputs or worker are gone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from webapp.corpora.models import Corpus
from webapp.experiments.lifecycle import MOST_LOSSES, beat, claim_run, lost_runs
from webapp.experiments.models import Metric, Run
from workers import reaping, tasks

pytestmark = pytest.mark.django_db(transaction=True)


def claimed(queues: tuple[str, ...] = ("cpu",)) -> Run | None:
    return claim_run(queues=list(queues), worker="test")


def lose(run: Run) -> None:
    """Its heart stopped long ago, and so did PostgreSQL's start."""
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def lost_at_once(settings):
    """Hearts count as stopped although the servers of this test have only just started."""
    settings.NEARMISS_LOST_AFTER = 0


def corpus_of(project, state: str) -> Corpus:
    made = {"project": project, "name": "Birds", "task": "retrieval", "state": state, "created_at": timezone.now()}
    return Corpus.objects.create(**made)


def test_the_oldest_waiting_run_of_the_queue_is_taken_first(launch):
    first, second = launch(), launch()
    assert [claimed().pk, claimed().pk] == [first.pk, second.pk]
    assert claimed() is None


def test_a_worker_takes_only_from_the_queues_it_serves(launch):
    launch()
    assert claimed(("gpu",)) is None


def test_two_workers_never_take_one_run(launch):
    runs = {launch().pk for _ in range(6)}
    taken: list[int] = []

    def work() -> None:
        while (run := claimed()) is not None:
            taken.append(run.pk)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(runs)


def test_a_run_waits_until_its_data_set_is_ready(launch, project):
    corpus = corpus_of(project, "importing")
    run = launch(dataset=f"corpus:{corpus.pk}")
    assert claimed() is None
    Corpus.objects.filter(pk=corpus.pk).update(state="ready")
    assert claimed().pk == run.pk


def test_a_run_waits_until_the_run_it_needs_has_succeeded(launch):
    source = launch()
    run = launch(source=f"run:{source.pk}")
    assert claimed().pk == source.pk
    assert claimed() is None
    Run.objects.filter(pk=source.pk).update(state="succeeded")
    assert claimed().pk == run.pk


def test_a_run_whose_source_failed_fails_and_says_so(launch):
    source = launch(ending="badly")
    run = launch(source=f"run:{source.pk}")
    tasks.run_next("cpu")
    reaping.reap()
    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    assert run.failure["reason"] == f"Run {source.pk}, which this run needs, failed."
    assert run.failure["field"] == "source"


def test_a_run_whose_data_set_is_taken_away_fails_and_says_so(launch, project):
    corpus = corpus_of(project, "ready")
    run = launch(dataset=f"corpus:{corpus.pk}")
    Corpus.objects.filter(pk=corpus.pk).update(state="archived")
    reaping.reap()
    run.refresh_from_db()
    assert (run.state, run.failure["field"]) == (Run.State.FAILED, "dataset")


def test_a_lost_run_waits_again_from_its_checkpoint_without_what_it_measured_after(launch, lost_at_once):
    launch()
    run = claimed()
    Run.objects.filter(pk=run.pk).update(checkpoint={"key": "k", "step": 2, "attempt": 1})
    for step in (1, 2, 3, -1):
        Metric.objects.create(run=run, name="train/total", step=step, value=step)
    lose(run)
    assert reaping.reap() == [run.pk]
    run.refresh_from_db()
    assert (run.state, run.lost_count) == (Run.State.QUEUED, 1)
    assert set(Metric.objects.filter(run=run).values_list("step", flat=True)) == {1, 2}


def test_a_run_whose_heart_beats_is_left_alone(launch, settings):
    launch()
    run = claimed()
    settings.NEARMISS_LOST_AFTER = 60
    assert beat(run.pk, run.attempt).alive
    assert reaping.reap() == []


def test_time_in_which_postgresql_was_away_does_not_stop_a_heart(launch):
    launch()
    run = claimed()
    lose(run)
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM now() - pg_postmaster_start_time())")
        running = float(cursor.fetchone()[0])
    assert lost_runs(seconds=running + 60) == []
    assert [row[0] for row in lost_runs(seconds=0)] == [run.pk]


def test_a_run_that_keeps_losing_its_worker_is_given_up(launch, lost_at_once):
    run = launch()
    for _ in range(MOST_LOSSES):
        lose(claimed())
        reaping.reap()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.FAILED, MOST_LOSSES)
    assert "lost its worker 5 times" in run.failure["reason"]


def test_a_lost_run_that_somebody_cancelled_is_cancelled(launch, lost_at_once):
    launch()
    run = claimed()
    Run.objects.filter(pk=run.pk).update(cancel_requested_at=timezone.now())
    lose(run)
    assert reaping.reap() == []
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
