"""The method classification.score: predicted classes or probabilities in a file against the truth. Loads no model."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import numpy as np

from ml_core.events import Event, Log, Metric
from ml_core.methods.classification_score import ClassificationScore
from ml_core.metrics.classification import Answers, f1_estimates
from ml_core.metrics.uncertainty import How
from ml_core.spec import BadInput, Context
from ml_core.zeroshot.files import Task, probabilities, read_task
from ml_core.zeroshot.outcome import outcome_of
from ml_core.zeroshot.report import Reporting, headline, tabled


def run(spec: ClassificationScore, context: Context) -> Iterator[Event]:
    """Metrics by measure and class, confusions and classes. A calibration error needs probabilities."""
    task = read_task(spec.predictions, spec.labels)
    yield from (Log(remark, "warning") for remark in task.remarks)
    answers = _answers(task, spec)
    ks = spec.ks
    if answers.rank_N is None and set(ks) != {1}:
        yield Log("Only accuracy@1 is told: the file holds one class for each item, and no numbers.", "warning")
        ks = (1,)
    reporting = Reporting(ks, How(resamples=spec.resamples, seed=spec.seed), context.out)
    yield from headline(answers, reporting)
    f1 = f1_estimates(answers, reporting.how)
    for name, estimate in zip(task.names, f1, strict=True):
        if estimate is not None:
            yield Metric(f"f1/{quote(name, safe='')}", *estimate)
    yield from tabled(answers, task.names, f1, None, context.out)
    yield Log(f"{len(task.items):,} items scored, {len(task.names):,} classes.")


def _answers(task: Task, spec: ClassificationScore) -> Answers:
    wants_numbers = spec.values in ("probabilities", "scores")
    if task.values_NC is None:
        if wants_numbers:
            raise BadInput(f"the file holds predicted classes, not {spec.values}", field="values")
        assert task.given_N is not None
        return Answers(task.label_N, task.given_N, len(task.names))
    if spec.values == "labels":
        raise BadInput("the file holds numbers for every class, not predicted classes", field="values")
    chance_NC = probabilities(task.values_NC, spec.values, spec.scale)
    whole = [(0, task.values_NC)]
    found = outcome_of(whole, task.label_N, len(task.names), keep=1, scale=1.0).answers
    confidence_N = np.take_along_axis(chance_NC, found.given_N[:, None], axis=1)[:, 0]
    return Answers(found.label_N, found.given_N, found.classes, found.rank_N, confidence_N)
