"""The SQL of the gallery: each filter with each sort walks an index in order. Knows no request.

Values are always parameters; the text is put together from the constants of this module alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.experiments.cases.filters import MARGIN_EDGES, RANK_EDGES, Filters

RANK_BUCKET = f"width_bucket(rank, ARRAY[{', '.join(map(str, RANK_EDGES))}])"
MARGIN_BUCKET = (
    "((CASE WHEN rank > 1 THEN -1 ELSE 1 END)"
    f" * (1 + width_bucket(abs(margin), ARRAY[{', '.join(map(str, MARGIN_EDGES))}]::double precision[])))"
)
SEARCHED = "to_tsvector('simple', prompt_text)"

INDEXES = f"""
CREATE INDEX experiments_case_rank ON experiments_case (direction, rank, number);
CREATE INDEX experiments_case_margin ON experiments_case (direction, margin, number);
CREATE INDEX experiments_case_rank_bucket ON experiments_case (direction, ({RANK_BUCKET}), margin, number);
CREATE INDEX experiments_case_margin_bucket ON experiments_case (direction, ({MARGIN_BUCKET}), rank, number);
CREATE INDEX experiments_case_categories ON experiments_case USING gin (category_numbers);
CREATE INDEX experiments_case_words ON experiments_case USING gin ({SEARCHED});
"""
NO_INDEXES = "".join(
    f"DROP INDEX experiments_case_{name};\n"
    for name in ("rank", "margin", "rank_bucket", "margin_bucket", "categories", "words")
)

COLUMNS = (
    'number, direction, unit, prompt_kind, prompt, prompt_text, answer_kind, "right", right_score, rank, margin,'
    " given, scores, category_numbers, evidence"
)
Key = tuple[float, int]  # the sorted value and the case's number


@dataclass(frozen=True)
class Query:
    """SQL with its parameters."""

    text: str
    values: list[Any]


def page(run_id: int, filters: Filters, *, after: Key | None, before: Key | None, limit: int) -> Query:
    """`limit` cases after a key, or before one (nearest first, so turned around), in the order of the filters."""
    column = filters.sort.removeprefix("-")
    falling = filters.sort.startswith("-") != (before is not None)
    key = before if before is not None else after
    where = _where(run_id, filters, begun="" if key is None else "<" if falling else ">")
    if key is not None:
        where.begin_after(key, column, falling, tied=filters.outcome == "hits" and column == "rank")
    order = "DESC" if falling else "ASC"
    text = f"SELECT {COLUMNS} FROM experiments_case WHERE {where} ORDER BY {column} {order}, number {order} LIMIT %s"
    return Query(text, [*where.values, limit])


def count(run_id: int, filters: Filters, limit: int) -> Query:
    """How many cases there are, counted up to `limit`."""
    where = _where(run_id, filters)
    inner = f"SELECT 1 FROM experiments_case WHERE {where} LIMIT %s"
    return Query(f"SELECT count(*) FROM ({inner}) counted", [*where.values, limit])


def one(run_id: int, number: int) -> Query:
    """One case by its number."""
    return Query(f"SELECT {COLUMNS} FROM experiments_case WHERE run_id = %s AND number = %s", [run_id, number])


def strata(run_id: int, filters: Filters) -> Query:
    """Number, bucket of rank and bucket of margin of every case that matches, in no order."""
    columns = f"number, {RANK_BUCKET}, {MARGIN_BUCKET}"
    where = _where(run_id, filters)
    return Query(f"SELECT {columns} FROM experiments_case WHERE {where}", where.values)


def numbered(run_id: int, numbers: list[int]) -> Query:
    """These cases, in no order."""
    return Query(f"SELECT {COLUMNS} FROM experiments_case WHERE run_id = %s AND number = ANY(%s)", [run_id, numbers])


def directions(run_id: int, known: tuple[str, ...]) -> Query:
    """Which of the known directions the run has: a row of booleans, each a single look into an index."""
    there = "EXISTS (SELECT 1 FROM experiments_case WHERE run_id = %s AND direction = %s)"
    values = [value for direction in known for value in (run_id, direction)]
    return Query(f"SELECT {', '.join([there] * len(known))}", values)


def pictures(corpus_id: int, numbers: list[int]) -> Query:
    """Number, id and size of these pictures of a data set, in no order."""
    columns = "number, external_id, width, height"
    text = f"SELECT {columns} FROM corpora_item WHERE corpus_id = %s AND number = ANY(%s)"
    return Query(text, [corpus_id, numbers])


class Where:
    """Conditions with their parameters.

    An index is entered at one place only. Where a key says where to begin (`begun`: the comparison that walks on from
    it), a bound of the sorted column on the same side would be taken instead, and every tie read up to the key; such a
    bound is written so that it only filters.
    """

    def __init__(self, column: str, begun: str):
        self.column, self.begun = column, begun
        self.texts: list[str] = []
        self.values: list[Any] = []

    def __str__(self) -> str:
        return " AND ".join(self.texts)

    def add(self, text: str, *values: Any) -> None:
        """A condition as it stands."""
        self.texts.append(text)
        self.values.extend(values)

    def bound(self, column: str, comparison: str, value: float) -> None:
        """`column comparison value`, out of the index's way where a key has begun on that side."""
        filters_only = column == self.column and comparison[0] == self.begun
        self.add(f"{column}{' + 0' if filters_only else ''} {comparison} %s", value)

    def begin_after(self, key: Key, column: str, falling: bool, *, tied: bool) -> None:
        """Only what follows the key; `tied`: the sorted value is the same everywhere, so the number decides alone."""
        comparison = "<" if falling else ">"
        if tied:
            self.add(f"number {comparison} %s", key[1])
        else:
            value = int(key[0]) if column == "rank" else key[0]
            self.add(f"({column}, number) {comparison} (%s, %s)", value, key[1])


def _where(run_id: int, filters: Filters, begun: str = "") -> Where:
    where = Where(filters.sort.removeprefix("-"), begun)
    by_margin = where.column == "margin"
    where.add("run_id = %s", run_id)
    where.add("direction = %s", filters.direction)
    if filters.outcome == "failed":
        where.bound("rank", ">", 1)
        if by_margin:
            where.bound("margin", "<=", 0.0)  # follows from the rank, and tells the index where to begin
    elif filters.outcome == "hits":
        where.add("rank = 1")
        if by_margin:
            where.bound("margin", ">=", 0.0)
    if filters.rank_bucket is not None:
        _within_rank(where, filters.rank_bucket, by_margin)
    if filters.margin_bucket is not None:
        _within_margin(where, filters.margin_bucket, by_margin)
    if filters.category is not None:
        where.add("category_numbers @> ARRAY[%s]::integer[]", filters.category)
    if filters.right is not None:
        where.add('"right" = %s', filters.right)
    if filters.first is not None:
        where.add("given[1] = %s", filters.first)
    if filters.words:
        where.add(f"{SEARCHED} @@ websearch_to_tsquery('simple', %s)", filters.words)
    return where


def _within_rank(where: Where, bucket: int, by_margin: bool) -> None:
    if by_margin:
        where.add(f"{RANK_BUCKET} = %s", bucket)
        return
    where.bound("rank", ">=", RANK_EDGES[bucket - 1])
    if bucket < len(RANK_EDGES):
        where.bound("rank", "<", RANK_EDGES[bucket])


def _within_margin(where: Where, bucket: int, by_margin: bool) -> None:
    if not by_margin:
        where.add(f"{MARGIN_BUCKET} = %s", bucket)
        return
    size, edges = abs(bucket), (0.0, *MARGIN_EDGES)
    low, high = edges[size - 1], (*edges, None)[size]
    where.add("rank > 1" if bucket < 0 else "rank = 1")
    where.bound("margin", "<=" if bucket < 0 else ">=", -low if bucket < 0 else low)
    if high is not None:
        where.bound("margin", ">" if bucket < 0 else "<", -high if bucket < 0 else high)
