"""Reads labels as people save them: CSV with commas, semicolons or tabs, a byte-order mark or none; or .xlsx."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ml_core.agreement.table import Row
from ml_core.agreement.workbooks import is_workbook, read_cells
from ml_core.spec import BadInput

_SHOWN = 5


class Lines(NamedTuple):
    """A header and its rows of cells, each row with the number of its line in the file."""

    name: str
    field: str
    header: list[str]
    rows: list[tuple[int, list[str]]]

    def column(self, name: str) -> int:
        """Where a column stands. BadInput that lists the columns there are."""
        if self.header.count(name) != 1:
            what = "no column" if name not in self.header else "more than one column"
            raise BadInput(
                f"{self.name} has {what} {name!r}; its columns are {', '.join(map(repr, self.header))}",
                field=self.field,
            )
        return self.header.index(name)


class Labels(NamedTuple):
    """Answers and what was left aside on the way, in words."""

    rows: list[Row]
    remarks: list[str]


def read_lines(path: str, field: str) -> Lines:
    """The cells of a CSV or .xlsx, trimmed, no blank lines. BadInput where it cannot be read or a row is too wide."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}", field=field) from error
    every = read_cells(data, path, field) if is_workbook(data) else _csv(data, path, field)
    rows = [(line, cells) for line, cells in every if any(cells)]
    if not rows:
        raise BadInput(f"{path} is empty", field=field)
    header = rows.pop(0)[1]
    wide = [f"line {line}" for line, cells in rows if len(cells) > len(header)]
    if wide:
        raise BadInput(f"{path} has more cells than its header has columns in {some(wide)}", field=field)
    for _, cells in rows:
        cells += [""] * (len(header) - len(cells))
    return Lines(path, field, header, rows)


def read_long(path: str, columns: Sequence[str], field: str = "labels") -> Labels:
    """One label a row. An empty label is none; the same answer twice counts once; two different ones are refused."""
    lines = read_lines(path, field)
    item, annotator, label = (lines.column(name) for name in columns)
    _complete(lines, {columns[0]: item, columns[1]: annotator}, label)
    said = [(line, (cells[item], cells[annotator]), cells[label]) for line, cells in lines.rows if cells[label]]
    answers, again = _once(lines, said, lambda key: f"{key[1]} labelled item {key[0]}")
    empty = len(lines.rows) - len(said)
    remarks = [f"{empty:,} rows have no label and are left out"] if empty else []
    remarks += [f"{again:,} rows repeat an answer and count once"] if again else []
    return _some_labels(lines, [Row(key[0], key[1], value) for key, value in answers.items()], remarks)


def read_wide(path: str, item_column: str) -> Labels:
    """One item a row, one annotator a column; without a column of items they are numbered from 1."""
    lines = read_lines(path, "labels")
    place = lines.column(item_column) if item_column else None
    annotators = {lines.column(name): name for name in lines.header if name != item_column}
    items = _items(lines, place)
    rows = [
        Row(item, name, cells[column])
        for item, (_, cells) in zip(items, lines.rows, strict=True)
        for column, name in annotators.items()
        if cells[column]
    ]
    return _some_labels(lines, rows, [])


def read_counts(path: str, item_column: str) -> tuple[list[str], list[str], np.ndarray]:
    """Items, categories and (I, C) how many annotators said each category of each item."""
    lines = read_lines(path, "labels")
    place = lines.column(item_column) if item_column else None
    categories = {lines.column(name): name for name in lines.header if name != item_column}
    numbers = [[_count(lines, line, cells[column]) for column in categories] for line, cells in lines.rows]
    counts_IC = np.array(numbers, dtype=np.int64).reshape(len(lines.rows), len(categories))
    if not counts_IC.any():
        raise BadInput(f"{path} counts no label", field="labels")
    return _items(lines, place), list(categories.values()), counts_IC


def read_table(path: str) -> Labels:
    """The table of two annotators, named `rows` and `columns`: a category's row says what the other then said."""
    lines = read_lines(path, "labels")
    categories = lines.header[1:]
    names = [cells[0] for _, cells in lines.rows]
    if names != categories:
        raise BadInput(f"{path}: the rows must name the categories of the columns in their order", field="labels")
    rows: list[Row] = []
    for line, cells in lines.rows:
        for category, cell in zip(categories, cells[1:], strict=True):
            for _ in range(_count(lines, line, cell)):
                item = str(len(rows) // 2 + 1)
                rows += [Row(item, "rows", cells[0]), Row(item, "columns", category)]
    return _some_labels(lines, rows, [])


def read_truth(path: str, columns: Sequence[str]) -> dict[str, str]:
    """The true label of each item; an empty one is none."""
    lines = read_lines(path, "truth")
    item, label = (lines.column(name) for name in columns)
    _complete(lines, {columns[0]: item}, label)
    said = [(line, (cells[item],), cells[label]) for line, cells in lines.rows if cells[label]]
    truth, _ = _once(lines, said, lambda key: f"item {key[0]} is true")
    if not truth:
        raise BadInput(f"{path} has no row with a label", field="truth")
    return {key[0]: value for key, value in truth.items()}


def _csv(data: bytes, path: str, field: str) -> list[tuple[int, list[str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 at byte {error.start + 1:,}; save it as UTF-8 CSV", field=field) from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    try:
        return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise BadInput(f"{path}, line {reader.line_num}: {error}", field=field) from error


def _once(
    lines: Lines, said: Sequence[tuple[int, tuple[str, ...], str]], who: Callable[[tuple[str, ...]], str]
) -> tuple[dict[tuple[str, ...], str], int]:
    """Each key's one value and how many rows said it again. BadInput that names rows that contradict each other."""
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    clashes, again = [], 0
    for line, key, value in said:
        before, kept = first.setdefault(key, (line, value))
        if kept != value:
            clashes.append(f"lines {before} and {line}: {who(key)} as {kept!r} and as {value!r}")
        elif before != line:
            again += 1
    if clashes:
        raise BadInput(f"{lines.name} contradicts itself in {some(clashes, '; ')}", field=lines.field)
    return {key: value for key, (_, value) in first.items()}, again


def _complete(lines: Lines, needed: dict[str, int], label: int) -> None:
    for name, column in needed.items():
        missing = [f"line {line}" for line, cells in lines.rows if cells[label] and not cells[column]]
        if missing:
            raise BadInput(f"{lines.name}: {name!r} is empty in {some(missing)}", field=lines.field)


def _items(lines: Lines, place: int | None) -> list[str]:
    if place is None:
        width = len(str(len(lines.rows)))
        return [str(number).zfill(width) for number in range(1, len(lines.rows) + 1)]
    items = [cells[place] for _, cells in lines.rows]
    if "" in items:
        raise BadInput(f"{lines.name}, line {lines.rows[items.index('')][0]}: the item has no name", field=lines.field)
    times = Counter(items)
    twice = [f"line {line} (item {item})" for item, (line, _) in zip(items, lines.rows, strict=True) if times[item] > 1]
    if twice:
        raise BadInput(f"{lines.name} has items in more than one row: {some(twice)}", field=lines.field)
    return items


def _count(lines: Lines, line: int, cell: str) -> int:
    if cell and not (cell.isascii() and cell.isdecimal() and len(cell) <= 7):
        raise BadInput(f"{lines.name}, line {line}: {cell!r} is not a number of labels", field=lines.field)
    return int(cell or 0)


def _some_labels(lines: Lines, rows: list[Row], remarks: list[str]) -> Labels:
    if not rows:
        raise BadInput(f"{lines.name} has no row with a label", field=lines.field)
    return Labels(rows, remarks)


def _separator(text: str) -> str:
    """What separates the cells of the first line that has any: of comma, semicolon and tab the most frequent."""
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=head.count)


def some(names: Sequence[str], between: str = ", ") -> str:
    """The first few names, and how many more there are."""
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return between.join(names[:_SHOWN]) + more
