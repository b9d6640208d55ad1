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
    " given, scores, category_numbers"
)
Key = tuple[float, int]  # the sorted value and the case's number


@dataclass(frozen=True)
class Query:
    """SQL with its parameters."""

    text: str
    values: list[Any]


def page(run_id: int, filters: Filters, *, after: Key | None, before: Key | None, limit: int) -> Query:
    """`limit` cases after a key, or before one (nearest first, so turned around), in the order of the filters."""
    where, values = _where(run_id, filters)
    column = filters.sort.removeprefix("-")
    falling = filters.sort.startswith("-")
    if before is not None:
        falling = not falling
    key = before if before is not None else after
    if key is not None:
        where.append(f"({column}, number) {'<' if falling else '>'} (%s, %s)")
        values += [int(key[0]) if column == "rank" else key[0], key[1]]
    order = "DESC" if falling else "ASC"
    text = (
        f"SELECT {COLUMNS} FROM experiments_case WHERE {' AND '.join(where)}"
        f" ORDER BY {column} {order}, number {order} LIMIT %s"
    )
    return Query(text, [*values, limit])


def count(run_id: int, filters: Filters, limit: int) -> Query:
    """How many cases there are, counted up to `limit`."""
    where, values = _where(run_id, filters)
    inner = f"SELECT 1 FROM experiments_case WHERE {' AND '.join(where)} LIMIT %s"
    return Query(f"SELECT count(*) FROM ({inner}) counted", [*values, limit])


def one(run_id: int, number: int) -> Query:
    """One case by its number."""
    return Query(f"SELECT {COLUMNS} FROM experiments_case WHERE run_id = %s AND number = %s", [run_id, number])


def directions(run_id: int, known: tuple[str, ...]) -> Query:
    """Which of the known directions the run has: a row of booleans, each a single look into an index."""
    there = "EXISTS (SELECT 1 FROM experiments_case WHERE run_id = %s AND direction = %s)"
    values = [value for direction in known for value in (run_id, direction)]
    return Query(f"SELECT {', '.join([there] * len(known))}", values)


def _where(run_id: int, filters: Filters) -> tuple[list[str], list[Any]]:
    where, values = ["run_id = %s", "direction = %s"], [run_id, filters.direction]

    def add(text: str, *more: Any) -> None:
        where.append(text)
        values.extend(more)

    by_margin = filters.sort.endswith("margin")
    if filters.outcome == "failed":
        add("rank > 1")
        if by_margin:
            add("margin <= 0")  # follows from the rank, and tells the index where to begin
    elif filters.outcome == "hits":
        add("rank = 1")
        if by_margin:
            add("margin >= 0")
    if filters.rank_bucket is not None:
        if by_margin:
            add(f"{RANK_BUCKET} = %s", filters.rank_bucket)
        else:
            low, high = RANK_EDGES[filters.rank_bucket - 1], (*RANK_EDGES, None)[filters.rank_bucket]
            add("rank >= %s", low)
            if high is not None:
                add("rank < %s", high)
    if filters.margin_bucket is not None:
        _within_margin(filters.margin_bucket, by_margin, add)
    if filters.category is not None:
        add("category_numbers @> ARRAY[%s]::integer[]", filters.category)
    if filters.words:
        add(f"{SEARCHED} @@ websearch_to_tsquery('simple', %s)", filters.words)
    return where, values


def _within_margin(bucket: int, by_margin: bool, add: Any) -> None:
    if not by_margin:
        add(f"{MARGIN_BUCKET} = %s", bucket)
        return
    size, edges = abs(bucket), (0.0, *MARGIN_EDGES)
    low, high = edges[size - 1], (*edges, None)[size]
    if bucket < 0:
        add("rank > 1")
        add("margin <= %s", -low)
        if high is not None:
            add("margin > %s", -high)
    else:
        add("rank = 1")
        add("margin >= %s", low)
        if high is not None:
            add("margin < %s", high)
