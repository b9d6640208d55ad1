"""How agreement, speed and leaning went over time: windows of items or of one's own answers, in order of completion."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from ml_core.agreement.table import Table
from ml_core.metrics.agreement.individuals import agreement_with_others
from ml_core.metrics.agreement.overall import overall

LEAST = 5  # items of a window; fewer say nothing


def over_time(answers: Table, windows: int, how: dict[str, int]) -> list[dict[str, Any]]:
    """Agreement in windows of the items with two labels or more, by when the last of them came; [] without times."""
    categories = len(answers.categories)
    number_I = (answers.labels_IA >= 0).sum(1)
    last_I = np.max(np.nan_to_num(answers.at_IA, nan=-np.inf), axis=1, initial=-np.inf)
    several = np.flatnonzero((number_I >= 2) & np.isfinite(last_I))
    ordered = several[np.argsort(last_I[several], kind="stable")]
    found = []
    for first, last in _windows(len(ordered), windows):
        inside = ordered[first:last]
        agreement = overall(answers.labels_IA[inside], categories, **how)["percent_agreement"]
        ends = {"start": float(last_I[inside[0]]), "end": float(last_I[inside[-1]])}
        found.append({"first": first + 1, "last": last, **ends, "percent_agreement": agreement.as_dict()})
    return found


def drift(answers: Table, counts_IC: np.ndarray, windows: int, how: dict[str, int]) -> list[dict[str, Any]]:
    """For each annotator, windows of their own answers in order: speed, shares of categories, agreement with others."""
    return [
        {
            "annotator": name,
            "windows": [
                _window(answers, counts_IC, number, ordered[first:last], first, how)
                for ordered in (_own_order(answers, number),)
                for first, last in _windows(len(ordered), windows)
            ],
        }
        for number, name in enumerate(answers.annotators)
    ]


def _own_order(answers: Table, number: int) -> np.ndarray:
    at_I = answers.at_IA[:, number]
    own = np.flatnonzero((answers.labels_IA[:, number] >= 0) & ~np.isnan(at_I))
    return own[np.argsort(at_I[own], kind="stable")]


def _window(
    answers: Table, counts_IC: np.ndarray, number: int, inside: np.ndarray, first: int, how: dict[str, int]
) -> dict[str, Any]:
    labels_W, at_W = answers.labels_IA[inside, number], answers.at_IA[inside, number]
    spent = answers.spent_IA[inside, number]
    spent = spent[~np.isnan(spent)]
    shares = np.bincount(labels_W, minlength=len(answers.categories)) / len(inside)
    return {
        "first": first + 1,
        "last": first + len(inside),
        "start": float(at_W[0]),
        "end": float(at_W[-1]),
        "seconds": float(np.median(spent)) / 1000 if len(spent) else None,
        "shares": dict(zip(answers.categories, shares.tolist(), strict=True)),
        "agrees_with_others": agreement_with_others(counts_IC[inside], labels_W, **how).as_dict(),
    }


def _windows(count: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Windows of nearly equal size, at most `wanted`, each of LEAST or more where there are that many."""
    number = max(1, min(wanted, count // LEAST)) if count else 0
    ends = [round(count * step / number) for step in range(number + 1)] if number else []
    yield from pairwise(ends)
