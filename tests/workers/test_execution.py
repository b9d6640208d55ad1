"""A run walks from the queue to its end through a real child process."""

from __future__ import annotations

import pytest

from webapp.experiments.files import store
from webapp.experiments.models import Artifact, LogLine, Metric, Run

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert LogLine.objects.filter(run=run, message="counting from 0").exists()
    assert run.checkpoint == {}
    assert not store().list(f"run/{run.pk}/attempt-1/checkpoint-4")
    assert run.provenance["memory_bytes"] > 10**6
