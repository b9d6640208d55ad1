"""Cases whose answer changed between two runs: read side by side from the two runs' partitions, page by key."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from webapp.experiments.cases.page_sql import COLUMNS
from webapp.experiments.cases.queries import Row

PAGE = 12
# The cells of the verdict, of the same two columns that it is made from: rank and first answer, before and after.
_CELLS = {
    "repaired": "before.rank > 1 AND after.rank = 1",
    "broken": "before.rank = 1 AND after.rank > 1",
    "still_wrong": "before.rank > 1 AND after.rank > 1 AND before.given[1] IS NOT DISTINCT FROM after.given[1]",
    "wrong_differently": "before.rank > 1 AND after.rank > 1 AND before.given[1] IS DISTINCT FROM after.given[1]",
    "still_right": "before.rank = 1 AND after.rank = 1",
}
_BOTH = (
    "FROM experiments_case before JOIN experiments_case after ON after.run_id = %s AND after.number = before.number"
    " AND after.direction = before.direction AND after.prompt = before.prompt"
    " WHERE before.run_id = %s AND before.direction = %s AND (%s::integer[] IS NULL OR before.number = ANY(%s))"
)
_NAMED = [name.strip() for name in COLUMNS.split(",")]
_COLUMNS = ", ".join(f"{side}.{name}" for side in ("before", "after") for name in _NAMED)


@dataclass(frozen=True)
class Flip:
    """One case as the two runs answered it."""

    before: Row
    after: Row


@dataclass(frozen=True)
class Page:
    """Some flips in the order of their numbers; `next`: the number that the following page begins after."""

    flips: list[Flip]
    next: int | None


def page_of(
    before: int, after: int, direction: str, cell: str, *, cases: list[int] | None = None, start: int = -1,
    size: int = PAGE,
) -> Page:  # fmt: skip
    """The flips of a cell, those after case `start`. `cases`: only these. One query along the primary keys."""
    text = f"SELECT {_COLUMNS} {_BOTH} AND before.number > %s AND {_CELLS[cell]} ORDER BY before.number LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(text, [after, before, direction, cases, cases, start, size + 1])
        rows = cursor.fetchall()
    width = len(_NAMED)
    found = [Flip(Row(*row[:width]), Row(*row[width:])) for row in rows[:size]]
    return Page(found, found[-1].before.number if len(rows) > size else None)


def drawn(
    before: int, after: int, direction: str, cell: str, *, cases: list[int] | None = None, size: int = 4
) -> list[Flip]:
    """Some flips of a cell, drawn by a hash of their numbers, in the order of their numbers. One query."""
    text = f"SELECT {_COLUMNS} {_BOTH} AND {_CELLS[cell]} ORDER BY md5(before.number::text), before.number LIMIT %s"
    with connection.cursor() as cursor:
        cursor.execute(text, [after, before, direction, cases, cases, size])
        rows = cursor.fetchall()
    width = len(_NAMED)
    found = [Flip(Row(*row[:width]), Row(*row[width:])) for row in rows]
    return sorted(found, key=lambda flip: flip.before.number)


def counts_of(before: int, after: int, direction: str, cases: list[int] | None = None) -> dict[str, int]:
    """How many cases each cell has."""
    columns = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in _CELLS.values())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} {_BOTH}", [after, before, direction, cases, cases])
        return dict(zip(_CELLS, cursor.fetchone(), strict=True))
