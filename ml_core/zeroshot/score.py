"""The method classification.score: predicted classes or probabilities in a file against the truth. Loads no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ml_core.events import Event, Log, Metric
from ml_core.methods.classification_score import ClassificationScore
from ml_core.metrics.classification import Answers, f1_estimates
from ml_core.metrics.significance.verdict import judged, verdict_on
from ml_core.metrics.uncertainty import How
from ml_core.spec import BadInput, Context
from ml_core.zeroshot import tables
from ml_core.zeroshot.files import Task, probabilities, read_beside, read_task
from ml_core.zeroshot.outcome import Outcome, outcome_of
from ml_core.zeroshot.report import Reporting, class_slice, headline, said, tabled, verdict_metrics


def run(spec: ClassificationScore, context: Context) -> Iterator[Event]:
    """Metrics by measure and class, beside those of a baseline where one is given; cases.parquet where items have ids,
    confusions and classes. A calibration error needs probabilities."""
    task = read_task(spec.predictions, spec.labels)
    beside = read_beside(spec.baseline, task) if spec.baseline else None
    yield from (Log(remark, "warning") for each in (task, beside) if each for remark in each.remarks)
    _refuse_other_kind(task, spec)
    outcome = _outcome(task, spec, "predictions")
    before = _outcome(beside, spec, "baseline") if beside is not None else None
    answers = outcome.answers
    if answers.rank_N is None and set(spec.ks) != {1}:
        yield Log("Only accuracy@1 is told: the file holds one class for each item, and no numbers.", "warning")
    reporting = _reporting(answers, spec, context)
    yield from headline(answers, reporting)
    f1 = f1_estimates(answers, reporting.how)
    for name, estimate in zip(task.names, f1, strict=True):
        if estimate is not None:
            yield Metric(f"f1/{class_slice(name)}", *estimate)
    plain = None
    if beside is not None and before is not None:
        yield from headline(before.answers, _reporting(before.answers, spec, context), "baseline/")
        plain = _renumbered(before.answers, beside.names, task.names)
        yield from _changed(replace(before, answers=plain), outcome, reporting.how)
    if task.named:
        yield from tables.outcomes(outcome, task.items, context.out)
    else:
        yield Log("No case is kept: the file has no ids of its items.", "warning")
    told = plain if plain is not None and plain.classes == answers.classes else None
    yield from tabled(answers, task.names, f1, told, reporting)
    yield Log(f"{len(task.items):,} items scored, {len(task.names):,} classes.")


def _refuse_other_kind(task: Task, spec: ClassificationScore) -> None:
    if task.values_NC is None and spec.values in ("probabilities", "scores"):
        raise BadInput(f"the file holds predicted classes, not {spec.values}", field="values")
    if task.values_NC is not None and spec.values == "labels":
        raise BadInput("the file holds numbers for every class, not predicted classes", field="values")


def _reporting(answers: Answers, spec: ClassificationScore, context: Context) -> Reporting:
    """One class for each item has no depth but the first."""
    ks = spec.ks if answers.rank_N is not None else (1,)
    return Reporting(ks, How(resamples=spec.resamples, seed=spec.seed), context.out)


def _outcome(task: Task, spec: ClassificationScore, field: str) -> Outcome:
    """Answers of a file; a class without numbers scores 1, every other one 0."""
    if task.values_NC is None:
        assert task.given_N is not None
        answers = Answers(task.label_N, task.given_N, len(task.names))
        right_N = answers.right_N.astype(np.float32)
        given_N1 = task.given_N[:, None]
        return Outcome(answers, given_N1, np.ones(given_N1.shape, np.float32), right_N, 2 * right_N - 1)
    chance_NC = probabilities(task.values_NC, spec.values, spec.scale, field)
    found = outcome_of([(0, task.values_NC)], task.label_N, len(task.names), keep=spec.keep, scale=1.0)
    confidence_N = np.take_along_axis(chance_NC, found.answers.given_N[:, None], axis=1)[:, 0]
    return replace(found, answers=replace(found.answers, confidence_N=confidence_N))


def _renumbered(answers: Answers, names: list[str], others: list[str]) -> Answers:
    """The same with the numbers that classes have among `others`; classes that are not among them come after."""
    number = {name: place for place, name in enumerate(dict.fromkeys([*others, *names]))}
    number_C = np.array([number[name] for name in names])
    return replace(answers, label_N=number_C[answers.label_N], given_N=number_C[answers.given_N], classes=len(number))


def _changed(before: Outcome, after: Outcome, how: How) -> Iterator[Event]:
    (verdict,) = judged([verdict_on(before.tested(), after.tested(), **how)])
    yield from verdict_metrics(verdict)
    yield Log(f"Against the baseline: {said(verdict)}.")
