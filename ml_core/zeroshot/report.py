"""What a classification reached: metrics with intervals, by class, beside the plain baseline; cases and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from ml_core.events import Event, Log, Metric
from ml_core.metrics.classification import Answers, estimates, f1_estimates
from ml_core.metrics.significance.verdict import Verdict, judged, verdict_on
from ml_core.metrics.uncertainty import How
from ml_core.zeroshot import tables
from ml_core.zeroshot.data import Labelled
from ml_core.zeroshot.outcome import Outcome


@dataclass(frozen=True)
class Reporting:
    """How numbers are made and where files go."""

    ks: tuple[int, ...]
    how: How
    out: Path


def report(
    labelled: Labelled,
    outcome: Outcome,
    reporting: Reporting,
    baseline: Outcome | None = None,
    *,
    numbers_N: np.ndarray | None = None,
    evidence_N: Sequence[str | None] | None = None,
) -> Iterator[Event]:
    """Everything that a run says of its outcome; with a `baseline` also that one's numbers and what changed against it
    (exact McNemar). `numbers_N` are the pictures' places in the data set where the outcome is of some alone,
    `evidence_N` what speaks for their answers (`ml_core.zeroshot.evidence`)."""
    names, answers = labelled.class_names, outcome.answers
    yield from headline(answers, reporting)
    f1 = f1_estimates(answers, reporting.how)
    for name, estimate in zip(names, f1, strict=True):
        if estimate is not None:
            yield Metric(f"f1/{class_slice(name)}", *estimate)
    if baseline is not None:
        yield from headline(baseline.answers, reporting, "baseline/")
        yield from changed(baseline, outcome, reporting.how)
    yield from tables.outcomes(outcome, labelled.dataset.item_ids, reporting.out, numbers_N, evidence_N)
    plain = baseline.answers if baseline is not None else None
    yield from tabled(answers, names, f1, plain, reporting)


def class_slice(name: str) -> str:
    """A class as a metric's slice, percent-encoded; decoding gives the name back. What would be the mean over classes
    (`macro`) or the end of an interval in metrics.json (`.low`, `.high`, `.n`) has one more sign encoded."""
    part = quote(name, safe="")
    if name == "macro":
        return f"%6D{part[1:]}"
    stem, point, end = part.rpartition(".")
    return f"{stem}%2E{end}" if point and end in ("low", "high", "n") else part


def tabled(
    answers: Answers, names: Sequence[str], f1: list, plain: Answers | None, reporting: Reporting
) -> Iterator[Event]:
    """Confusions and classes as tables behind plots."""
    yield from tables.plot("confusion", "Confusions", tables.confusion_table(answers, names), reporting.out)
    by_class = tables.class_table(answers, names, f1, plain, reporting.how)
    yield from tables.plot("classes", "By class", by_class, reporting.out)


def headline(answers: Answers, reporting: Reporting, prefix: str = "", tail: str = "") -> Iterator[Event]:
    """Accuracy at every depth, macro precision, recall and F1, calibration error. A depth beyond the classes is left
    out with a warning (said once, where there is no prefix or tail)."""
    ks = tuple(k for k in reporting.ks if k <= answers.classes)
    if not prefix and not tail:
        there = f"there are only {answers.classes:,} classes" if answers.classes > 1 else "there is only one class"
        for k in sorted(set(reporting.ks) - set(ks)):
            yield Log(f"accuracy@{k} is left out, {there}", "warning")
    for name, estimate in estimates(answers, ks, reporting.how).items():
        yield Metric(f"{prefix}{name}{tail}", *estimate)


def changed(before: Outcome, after: Outcome, how: How) -> Iterator[Event]:
    """What was repaired and broken against the plain baseline, with the exact test of McNemar."""
    (verdict,) = judged([verdict_on(before.tested(), after.tested(), **how)])
    yield from verdict_metrics(verdict)
    yield Log(f"Against the plain classifier: {said(verdict)}.")


def verdict_metrics(verdict: Verdict, tail: str = "") -> Iterator[Event]:
    """repaired, broken, net and p_value, as comparisons name them."""
    yield Metric(f"repaired{tail}", verdict.repaired, n=verdict.units)
    yield Metric(f"broken{tail}", verdict.broken, n=verdict.units)
    yield Metric(f"net{tail}", *verdict.net)
    p = verdict.p if verdict.adjusted is None else verdict.adjusted
    yield Metric(f"p_value{tail}", p, n=verdict.units)


def said(verdict: Verdict) -> str:
    """A verdict in words."""
    judgement = "a difference is shown" if verdict.shown else "no difference is shown"
    p = f"p = {verdict.p:.3g}"
    if verdict.adjusted is not None and verdict.adjusted != verdict.p:
        p += f", {verdict.adjusted:.3g} corrected for the number of tests"
    return (
        f"{verdict.repaired:,} repaired, {verdict.broken:,} broken of {verdict.n:,}, {judgement} (exact McNemar, {p})"
    )
