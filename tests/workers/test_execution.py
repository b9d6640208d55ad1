"""A run walks from the queue to its end through a real child process."""

from __future__ import annotations

import threading
import time
from urllib.parse import quote

import pytest
from django.utils import timezone

from ml_core.events import Metric as MetricEvent
from webapp.experiments.actions import cancel_run, resume_run
from webapp.experiments.files import store
from webapp.experiments.lifecycle import Ghost, claim_run
from webapp.experiments.models import Artifact, LogLine, Metric, Run
from workers import tasks
from workers.execution import Execution
from workers.recording import Recorder

pytestmark = pytest.mark.django_db(transaction=True)


def messages(run: Run) -> list[str]:
    return list(LogLine.objects.filter(run=run).order_by("attempt", "number").values_list("message", flat=True))


def in_background(run: Run, *, stopping=lambda: False) -> threading.Thread:
    """Executes the run that waits in a thread, as a worker does."""
    claimed = claim_run(queues=[run.queue], worker="test")
    thread = threading.Thread(target=Execution(claimed, stopping=stopping).go)
    thread.start()
    return thread


def until_step(run: Run, step: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if Metric.objects.filter(run=run, step__gte=step).exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"run {run.pk} never got to step {step}")


def test_a_run_succeeds_and_leaves_metrics_lines_and_artifacts(finished):
    run = finished(steps=4)
    assert (run.state, run.attempt, run.failure) == (Run.State.SUCCEEDED, 1, {})
    final = Metric.objects.get(run=run, name="total", step=-1)
    assert (final.value, final.low, final.high, final.n) == (6, 5, 7, 4)
    curve = Metric.objects.filter(run=run, name="train/total").order_by("step").values_list("step", "value")
    assert list(curve) == [(1, 0), (2, 1), (3, 3), (4, 6)]
    kept = Artifact.objects.get(run=run)
    assert (kept.path, kept.key) == ("count.json", f"run/{run.pk}/attempt-1/count.json")
    assert store().read_bytes(kept.key) == b'{"total": 6}'
    assert "counting from 0" in messages(run)
    assert run.provenance["memory_bytes"] > 10**6


def test_a_finished_run_keeps_no_checkpoint(finished):
    run = finished(steps=4)
    assert run.checkpoint == {}
    assert store().list(f"run/{run.pk}") == [f"run/{run.pk}/attempt-1/count.json"]


def test_a_failed_run_says_why_with_its_last_lines_and_keeps_the_traceback(finished):
    run = finished(ending="badly")
    assert run.state == Run.State.FAILED
    assert "lost count" in run.failure["reason"]
    assert run.failure["tail"][0] == "something was odd before"
    kept = Artifact.objects.get(run=run, path="error.log")
    assert b"RuntimeError" in store().read_bytes(kept.key)


def test_refused_input_names_the_setting(finished):
    failure = finished(ending="refused").failure
    assert (failure["reason"], failure["field"]) == ("there is nothing to count", "steps")
    assert failure["advice"]


def test_a_killed_method_is_a_failed_run_that_says_so(finished):
    run = finished(ending="killed")
    assert run.state == Run.State.FAILED
    assert "SIGKILL" in run.failure["reason"] and "memory" in run.failure["reason"]
    assert run.failure["advice"]


def test_a_method_that_ends_without_a_word_is_a_failed_run(finished):
    assert "exit status 7" in finished(ending="silent").failure["reason"]


def test_text_that_postgresql_cannot_keep_does_not_cost_the_run(finished):
    run = finished(steps=1, ending="odd")
    assert (run.state, run.attempt) == (Run.State.SUCCEEDED, 1)
    assert "zero , half ?" in messages(run)
    assert run.provenance["odd"] == ["zero ", "half ?"]


def test_a_number_that_no_column_takes_fails_the_run_at_once_and_says_so(finished):
    run = finished(steps=1, ending="huge")
    assert (run.state, run.attempt, run.lost_count) == (Run.State.FAILED, 1, 0)
    assert "could not be kept" in run.failure["reason"]


def test_the_method_sees_no_secret_and_no_database(finished, monkeypatch):
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "MODEL_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hidden")
    seen = set(finished(steps=1).provenance["environment"])
    assert {"PATH", "PYTHONUNBUFFERED"} <= seen
    assert not {name for name in seen if "SECRET" in name or "URL" in name or "KEY" in name or "DJANGO" in name}


def test_a_failed_run_goes_on_from_its_checkpoint_and_measures_nothing_twice(finished, owner):
    run = finished(steps=5, ending="killed")
    assert run.checkpoint["step"] == 2
    Run.objects.filter(pk=run.pk).update(spec=run.spec | {"ending": "well"})
    run.refresh_from_db()
    resume_run(run=run, actor=owner, now=timezone.now())
    assert list(Metric.objects.filter(run=run).values_list("step", flat=True).order_by("step")) == [1, 2]
    tasks.run_next("cpu")
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.SUCCEEDED, 2)
    assert "counting from 2" in messages(run)
    curve = Metric.objects.filter(run=run, name="train/total").order_by("step").values_list("step", "value")
    assert list(curve) == [(1, 0), (2, 1), (3, 3), (4, 6), (5, 10)]


def test_a_run_whose_checkpoint_is_gone_begins_again(finished, owner):
    run = finished(steps=5, ending="killed")
    Run.objects.filter(pk=run.pk).update(spec=run.spec | {"ending": "well"})
    store().delete_prefix(run.checkpoint["key"])
    resume_run(run=run, actor=owner, now=timezone.now())
    tasks.run_next("cpu")
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.SUCCEEDED, 2)
    assert messages(run).count("counting from 0") == 2
    assert Metric.objects.filter(run=run, name="train/total").count() == 5


def test_a_cancelled_run_writes_a_checkpoint_and_can_be_resumed(launch, owner):
    run = launch(steps=2000, pause=0.05, every=1000)
    thread = in_background(run)
    until_step(run, 3)
    cancel_run(run=run, actor=owner, now=timezone.now())
    thread.join(30)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    last = Metric.objects.filter(run=run).order_by("-step").first()
    assert run.checkpoint["step"] == last.step >= 3


def test_a_method_that_does_not_listen_is_killed_after_its_grace(launch, owner, settings):
    settings.NEARMISS_STOP_GRACE = 1
    run = launch(steps=2000, pause=0.05, ending="deaf")
    thread = in_background(run)
    until_step(run, 2)
    cancel_run(run=run, actor=owner, now=timezone.now())
    thread.join(30)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED


def test_a_worker_that_ends_puts_its_run_back_with_a_checkpoint(launch):
    stop = threading.Event()
    run = launch(steps=40, pause=0.05, every=2)
    thread = in_background(run, stopping=stop.is_set)
    until_step(run, 3)
    stop.set()
    thread.join(30)
    run.refresh_from_db()
    assert (run.state, run.lost_count, run.attempt) == (Run.State.QUEUED, 0, 1)
    assert run.checkpoint["step"] >= 3
    tasks.run_next("cpu")
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.SUCCEEDED, 2)
    assert Metric.objects.filter(run=run, name="train/total").count() == 40
    assert store().list(f"run/{run.pk}") == [f"run/{run.pk}/attempt-2/count.json"]


def test_a_ghost_writes_nothing_and_its_method_is_killed(launch):
    run = launch(steps=2000, pause=0.05)
    thread = in_background(run)
    until_step(run, 2)
    Run.objects.filter(pk=run.pk).update(attempt=7)
    count = Metric.objects.filter(run=run).count()
    thread.join(30)
    assert not thread.is_alive()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.RUNNING, 7)
    assert Metric.objects.filter(run=run).count() == count


def test_a_recorder_of_an_older_attempt_is_refused(launch):
    run = launch()
    claimed = claim_run(queues=["cpu"], worker="test")
    recorder = Recorder(run.pk, claimed.attempt - 1)
    recorder.say("too late")
    with pytest.raises(Ghost):
        recorder.flush()
    assert messages(run) == []


def test_a_slice_with_a_long_name_is_kept_whole_or_not_at_all(launch):
    run = launch()
    recorder = Recorder(run.pk, claim_run(queues=["cpu"], worker="test").attempt)
    kept, refused = (quote("很长的类别" * repeats, safe="") for repeats in (40, 60))
    for part in (kept, refused):
        recorder.take(MetricEvent(f"t2i/recall@1/{part}", 0.5))
    recorder.take(MetricEvent("x" * 121, 0.5))
    recorder.flush()
    assert list(Metric.objects.filter(run=run).values_list("name", "slice")) == [("t2i/recall@1", kept)]
    assert ["has too long a name: not kept" in line for line in messages(run)] == [True, True]
