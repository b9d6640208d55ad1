"""TREC files: qrels (`query 0 document grade`) and runs (`query Q0 document rank score tag`), as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from ml_core.spec import BadInput

_RUN_COLUMNS, _QRELS_COLUMNS = 6, 4


@dataclass(frozen=True)
class Names:
    """The ids behind the numbers, each list in ascending order of text, so that numbers compare as their ids do."""

    queries: list[str]
    documents: list[str]


@dataclass(frozen=True)
class Entries:
    """P values (scores or grades) of (query, document) pairs, sorted by query, then document; a pair stands once."""

    names: Names
    query_P: np.ndarray
    document_P: np.ndarray
    value_P: np.ndarray

    @property
    def pair_P(self) -> np.ndarray:
        """One integer a pair, ascending."""
        return self.query_P * len(self.names.documents) + self.document_P

    def lengths(self) -> np.ndarray:
        """How many documents each query has: (Q,), zero for queries it does not name."""
        return np.bincount(self.query_P, minlength=len(self.names.queries))

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """(row, column) of each entry in a matrix with a row a query: (P,), (P,)."""
        lengths_Q = self.lengths()
        starts_Q = np.cumsum(lengths_Q) - lengths_Q
        return self.query_P, np.arange(len(self.query_P)) - starts_Q[self.query_P]


@dataclass(frozen=True)
class _Raw:
    path: Path
    field: str
    queries: list[str]
    documents: list[str]
    values: np.ndarray


def read_together(
    *, qrels: Sequence[str] = (), runs: Sequence[str] = (), runs_field: str = "runs"
) -> tuple[list[Entries], list[Entries]]:
    """Judgements and runs whose numbers mean the same ids; BadInput with file and line for what cannot be read.

    `runs_field` is the setting that named the runs.
    """
    raws = [_read(Path(name), "qrels") for name in qrels] + [_read(Path(name), runs_field) for name in runs]
    names = Names(
        sorted(set(chain.from_iterable(raw.queries for raw in raws))),
        sorted(set(chain.from_iterable(raw.documents for raw in raws))),
    )
    queries = {name: number for number, name in enumerate(names.queries)}
    documents = {name: number for number, name in enumerate(names.documents)}
    found = [_entries(raw, names, queries, documents) for raw in raws]
    return found[: len(qrels)], found[len(qrels) :]


def write_run(path: Path, run: Entries, *, tag: str, depth: int = 0) -> int:
    """Writes a run by query and rank, at most `depth` documents a query (0: all), whole or not at all; counts lines."""
    part = path.with_name(path.name + ".part")
    lines = 0
    with part.open("w", encoding="utf-8") as file:
        for line in _lines(run, tag, depth):
            file.write(line)
            lines += 1
    part.replace(path)
    return lines


def _lines(run: Entries, tag: str, depth: int) -> Iterator[str]:
    order_P = np.lexsort((-run.document_P, -run.value_P, run.query_P))
    _, column_P = run.places()  # sorted by query still, so the n-th of a query is its n-th best
    for place, rank in zip(order_P.tolist(), (column_P + 1).tolist(), strict=True):
        if not depth or rank <= depth:
            query, document = run.names.queries[run.query_P[place]], run.names.documents[run.document_P[place]]
            yield f"{query} Q0 {document} {rank} {run.value_P[place]:.9g} {tag}\n"


def _read(path: Path, field: str) -> _Raw:
    columns = _QRELS_COLUMNS if field == "qrels" else _RUN_COLUMNS
    at = 3 if field == "qrels" else 4
    try:
        rows = [line.split() for line in path.read_text("utf-8").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"cannot read {path}: {error}", field=field) from error
    lines = [number for number, row in enumerate(rows, 1) if row]
    rows = [row for row in rows if row]
    for number, row in zip(lines, rows, strict=True):
        if len(row) < columns or (field == "qrels" and len(row) > columns):  # what follows a run's tag is reserved
            layout = "query 0 document grade" if field == "qrels" else "query Q0 document rank score tag"
            raise BadInput(
                f"{path}, line {number}: {columns} columns are wanted ({layout}), there are {len(row)}", field=field
            )
    if not rows:
        raise BadInput(f"{path} is empty", field=field)
    convert = int if field == "qrels" else float
    values = []
    for number, row in zip(lines, rows, strict=True):
        try:
            values.append(convert(row[at]))
        except ValueError:
            what = "a grade must be a whole number" if field == "qrels" else "a score must be a number"
            raise BadInput(f"{path}, line {number}: {what}, not {row[at]!r}", field=field) from None
    array = np.array(values)
    if not np.isfinite(array).all():
        number = lines[int(np.argmin(np.isfinite(array)))]
        raise BadInput(f"{path}, line {number}: the score is not finite", field=field)
    return _Raw(path, field, [row[0] for row in rows], [row[2] for row in rows], array)


def _entries(raw: _Raw, names: Names, queries: dict[str, int], documents: dict[str, int]) -> Entries:
    count = len(raw.values)
    query_P = np.fromiter(map(queries.__getitem__, raw.queries), np.int64, count)
    document_P = np.fromiter(map(documents.__getitem__, raw.documents), np.int64, count)
    pair_P = query_P * len(names.documents) + document_P
    order_P = np.argsort(pair_P, kind="stable")
    twice = np.flatnonzero(np.diff(pair_P[order_P]) == 0)
    if len(twice):
        place = order_P[twice[0]]
        raise BadInput(
            f"{raw.path}: query {raw.queries[place]} has document {raw.documents[place]} twice", field=raw.field
        )
    return Entries(names, query_P[order_P], document_P[order_P], raw.values[order_P])
