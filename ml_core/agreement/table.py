"""Answers as an array: items and annotators by name in a fixed order, categories by number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ml_core.spec import BadInput


class Row(NamedTuple):
    """One answer that stands: who said what of which item. `at` is when, in seconds since 1970; `spent_ms` how long,
    `first_ms` how long until the first choice, and `first` that choice where it was kept."""

    item: str
    annotator: str
    label: str
    at: float | None = None
    spent_ms: float | None = None
    first_ms: float | None = None
    first: str | None = None


class Table(NamedTuple):
    """Labels (I, A), −1 where there is none; the others are nan where they are not known.

    `changed_IA` is 1 where the answer is not the first choice, else 0.
    """

    items: list[str]
    annotators: list[str]
    categories: list[str]
    labels_IA: np.ndarray
    at_IA: np.ndarray
    spent_IA: np.ndarray
    first_IA: np.ndarray
    changed_IA: np.ndarray


def table(rows: Iterable[Row | Sequence[Any]], categories: Sequence[str]) -> Table:
    """The rows, items and annotators in order of name. BadInput for an unknown category or two answers in one place."""
    answers = [Row(*row) for row in rows]
    items = sorted({row.item for row in answers})
    annotators = sorted({row.annotator for row in answers})
    place, column = _numbers(items), _numbers(annotators)
    number = _numbers(categories)
    shape = (len(items), len(annotators))
    times = [np.full(shape, np.nan) for _ in range(4)]
    found = Table(items, annotators, list(categories), np.full(shape, -1), *times)
    for row in answers:
        at = place[row.item], column[row.annotator]
        if row.label not in number:
            raise BadInput(f"{row.annotator} said {row.label!r} of item {row.item}: there is no such category")
        if found.labels_IA[at] >= 0:
            raise BadInput(f"{row.annotator} has two answers for item {row.item}")
        found.labels_IA[at] = number[row.label]
        if row.at is not None:
            found.at_IA[at] = row.at
        if row.spent_ms is not None:
            found.spent_IA[at] = row.spent_ms
        if row.first_ms is not None:
            found.first_IA[at] = row.first_ms
        if row.first:
            found.changed_IA[at] = row.first != row.label
    return found


def known(truth: Mapping[str, str] | None, items: Sequence[str], categories: Sequence[str]) -> np.ndarray:
    """(I,) the category that `truth` names for each item, −1 where it names none. BadInput for an unknown category."""
    number = _numbers(categories)
    if unknown := next((pair for pair in (truth or {}).items() if pair[1] not in number), None):
        raise BadInput(f"the truth of item {unknown[0]} is {unknown[1]!r}: there is no such category")
    return np.array([number[truth[item]] if truth and item in truth else -1 for item in items], dtype=np.int64)


def _numbers(names: Sequence[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
