"""What a classification left, class by class: who is taken for whom, and how each class fares beside the baseline."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from webapp.experiments.queries.runs import Measured

Table = dict[str, Any]
MOST = 24  # classes that a matrix shows; of more, those that are confused most
PAIRS = 12
SHADES = 4


@dataclass(frozen=True)
class Cell:
    """How many pictures of the row's class were taken for the column's; `url` opens them."""

    count: int
    shade: int  # 0 to SHADES
    same: bool
    url: str


@dataclass(frozen=True)
class Pair:
    """A class that is often taken for another."""

    right: str
    first: str
    count: int
    url: str


@dataclass(frozen=True)
class Confusion:
    """The matrix, a row for each true class, and what is confused most."""

    columns: list[str]
    rows: list[tuple[str, list[Cell], int]]
    left_out: int  # classes that the matrix does not show
    pairs: list[Pair]


@dataclass(frozen=True)
class ClassRow:
    """One class: its numbers here, and what changed against the plain baseline."""

    name: str
    url: str
    pictures: int
    precision: Measured
    recall: Measured
    f1: Measured
    change: Measured | None  # of F1
    net: int | None  # right answers more or fewer

    @property
    def tone(self) -> str:
        """“repaired” or “broken” where the interval of the change leaves 0 out."""
        low, high = (self.change.low, self.change.high) if self.change else (None, None)
        return "repaired" if low is not None and low > 0 else "broken" if high is not None and high < 0 else ""


def confusion_of(table: Table | None, gallery: str) -> Confusion | None:
    """From a run's table of confusions; None where there is none that can be read."""
    try:
        return _confusion(table, gallery) if table else None
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def classes_of(table: Table | None, gallery: str) -> list[ClassRow]:
    """From a run's table of classes; empty where there is none that can be read."""
    try:
        return [_class_row(table, place, gallery) for place in range(len(table["class"]))] if table else []
    except (KeyError, ValueError, TypeError, IndexError):
        return []


def _confusion(table: Table, gallery: str) -> Confusion:
    columns = (table[name] for name in ("right", "given", "right_name", "given_name", "count"))
    cells = [(int(a), int(b), str(c), str(d), int(e)) for a, b, c, d, e in zip(*columns, strict=True)]
    names = {a: right for a, _, right, _, _ in cells} | {b: first for _, b, _, first, _ in cells}
    counts = {(a, b): count for a, b, _, _, count in cells}
    wrong: Counter[int] = Counter()
    for (a, b), count in counts.items():
        if a != b:
            wrong[a] += count
            wrong[b] += count
    shown = sorted(names) if len(names) <= MOST else sorted(number for number, _ in wrong.most_common(MOST))
    most = max((count for (a, b), count in counts.items() if a in shown and b in shown), default=0) or 1
    rows = []
    for right in shown:
        row = [_cell(right, first, counts.get((right, first), 0), most, gallery) for first in shown]
        rows.append((names[right], row, sum(count for (a, _), count in counts.items() if a == right)))
    worst = sorted(((count, a, b) for (a, b), count in counts.items() if a != b), key=lambda one: (-one[0], *one[1:]))
    pairs = [Pair(names[a], names[b], count, _url(gallery, a, b)) for count, a, b in worst[:PAIRS]]
    return Confusion([names[number] for number in shown], rows, len(names) - len(shown), pairs)


def _cell(right: int, first: int, count: int, most: int, gallery: str) -> Cell:
    shade = -(-SHADES * count // most) if count else 0
    return Cell(count, shade, right == first, _url(gallery, right, first) if count else "")


def _class_row(table: Table, place: int, gallery: str) -> ClassRow:
    number, count, given = (int(table[name][place]) for name in ("class", "pictures", "given"))
    return ClassRow(
        name=str(table["name"][place]),
        url=_url(gallery, number, None),
        pictures=count,
        precision=_measured(table, "precision", place, given),
        recall=_measured(table, "recall", place, count),
        f1=_measured(table, "f1", place, count),
        change=_measured(table, "f1_change", place, count) if count and "f1_change" in table else None,
        net=int(table["right"][place]) - int(table["baseline_right"][place]) if "baseline_right" in table else None,
    )


def _measured(table: Table, name: str, place: int, n: int) -> Measured:
    """A number with its interval; runs of earlier versions have none for some."""
    low, high = (table[f"{name}_{end}"][place] if f"{name}_{end}" in table else None for end in ("low", "high"))
    return Measured(name, "", float(table[name][place] or 0.0), low, high, n)


def _url(gallery: str, right: int, first: int | None) -> str:
    outcome = "hits" if right == first else "failed"
    asked = {"direction": "classify", "outcome": outcome, "right": right}
    return f"{gallery}?{urlencode(asked | ({} if first is None else {'first': first}))}"
