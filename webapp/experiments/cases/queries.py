"""Reads cases: a page by key, one case with its neighbours, counts; then what their numbers stand for."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from django.core.cache import cache
from django.db import connection

from webapp.accounts.models import Project
from webapp.corpora.models import Caption, Category
from webapp.experiments.cases import page_sql
from webapp.experiments.cases.filters import DIRECTIONS, Filters
from webapp.experiments.cases.page_sql import Key, Query
from webapp.experiments.models import Run
from webapp.experiments.queries import details

PAGE = 24
COUNT_LIMIT = 10_000
COUNT_KEPT = 24 * 3600  # seconds; the cases of an attempt never change
PICTURES = ("picture", "page")


@dataclass(frozen=True)
class Row:
    """A case as the database has it; see `webapp.experiments.models.Case`."""

    number: int
    direction: str
    unit: int
    prompt_kind: str
    prompt: int
    prompt_text: str
    answer_kind: str
    right: int
    right_score: float
    rank: int
    margin: float
    given: list[int]
    scores: list[float]
    category_numbers: list[int]
    evidence: str | None = None  # JSON, see `Evidence`


@dataclass(frozen=True)
class Evidence:
    """The captions that speak for a classification's answers; "" where none does. `given` is the first class given
    that is not the true one, `right` the true one, each with its nearest caption and that one's cosine."""

    given: str = ""
    given_cosine: float = 0.0
    right: str = ""
    right_cosine: float = 0.0
    picture: str = ""


@dataclass(frozen=True)
class Page:
    """Some cases in order, and the keys that lead to the pages beside it (None: there is none)."""

    rows: list[Row]
    previous: Key | None
    next: Key | None


@dataclass(frozen=True)
class Picture:
    """A picture of the data set, as far as a mount shows it."""

    number: int
    external_id: str
    width: int
    height: int


@dataclass(frozen=True)
class Text:
    """A caption or the name of a class, and the picture it belongs to."""

    number: int
    text: str
    unit: int | None


@dataclass(frozen=True)
class Known:
    """What the numbers of some cases stand for."""

    pictures: dict[int, Picture]
    texts: dict[int, Text]


_NEEDED = {"id", "title", "method", "state", "attempt", "case_count", "project_id"}  # the rest of a run is long
_COLUMNS = [field.attname for field in Run._meta.concrete_fields if field.attname in _NEEDED]  # in from_db's order


def run_of(project: Project, run_id: int) -> Run | None:
    """A run of this project, with no more of it than a gallery shows."""
    found = _runs(project, "id = %s", run_id) if run_id < 2**63 else []
    return found[0] if found else None


def directions_of(run: Run) -> tuple[str, ...]:
    """The directions that the run has cases of, in the usual order."""
    return _directions(run.pk, run.attempt) if run.case_count else ()


@lru_cache(maxsize=1024)
def _directions(run_id: int, attempt: int) -> tuple[str, ...]:
    """The cases of an attempt never change, so each process asks once."""
    found = _rows(page_sql.directions(run_id, tuple(DIRECTIONS)))[0]
    return tuple(name for name, there in zip(DIRECTIONS, found, strict=True) if there)


def corpus_of(run: Run) -> int | None:
    """The data set whose pictures the run's cases show."""
    return _corpus(run.pk) if run.case_count else details.corpus_of(run)


@lru_cache(maxsize=1024)
def _corpus(run_id: int) -> int | None:
    """What a run reads is settled before it has cases, so each process asks once."""
    return details.corpus_of(Run(pk=run_id))


def page_of(
    run: Run, filters: Filters, *, after: Key | None = None, before: Key | None = None, size: int = PAGE
) -> Page:
    """The page after a key, or before one; the first without. One query."""
    if filters.contradiction:
        return Page([], None, None)
    found = _cases(page_sql.page(run.pk, filters, after=after, before=before, limit=size + 1))
    more, rows = len(found) > size, found[:size]
    if before is not None:
        rows = rows[::-1]
        return Page(rows, key_of(rows[0], filters) if more else None, key_of(rows[-1], filters) if rows else None)
    return Page(
        rows,
        previous=key_of(rows[0], filters) if rows and after is not None else None,
        next=key_of(rows[-1], filters) if more else None,
    )


def count_of(run: Run, filters: Filters) -> int:
    """How many cases match; COUNT_LIMIT + 1 stands for more. Counted once for each attempt and filter."""
    if filters.contradiction or not run.case_count:
        return 0
    name = f"cases:{run.pk}:{run.attempt}:{filters.without('sort').address()}"
    found = cache.get_or_set(name, lambda: _rows(page_sql.count(run.pk, filters, COUNT_LIMIT + 1))[0][0], COUNT_KEPT)
    return int(found or 0)


def case_of(run: Run, number: int) -> Row | None:
    """One case of the run."""
    found = _cases(page_sql.one(run.pk, number)) if number < 2**31 else []
    return found[0] if found else None


def evidence_of(row: Row) -> Evidence:
    """What speaks for a case's answers; nothing where nothing was told."""
    told = json.loads(row.evidence) if row.evidence else {}
    return Evidence(**{field.name: told[field.name] for field in fields(Evidence) if field.name in told})


def cases_numbered(run: Run, numbers: list[int]) -> list[Row]:
    """These cases of the run, in the order asked for; those that there are not are left out."""
    found = {row.number: row for row in _cases(page_sql.numbered(run.pk, numbers))}
    return [found[number] for number in numbers if number in found]


def strata_of(run: Run, filters: Filters) -> list[tuple[int, int, int]]:
    """Number, bucket of rank and bucket of margin of every matching case: what a sample is drawn from."""
    return [] if filters.contradiction else [(a, b, c) for a, b, c in _rows(page_sql.strata(run.pk, filters))]


def neighbours_of(run: Run, filters: Filters, case: Row) -> tuple[int | None, int | None]:
    """The numbers of the cases before and after this one, as the filters order them. Two queries."""
    key = key_of(case, filters)
    if filters.contradiction:
        return None, None
    before = _cases(page_sql.page(run.pk, filters, after=None, before=key, limit=1))
    after = _cases(page_sql.page(run.pk, filters, after=key, before=None, limit=1))
    return (before[0].number if before else None), (after[0].number if after else None)


def key_of(case: Row, filters: Filters) -> Key:
    """Where a case stands in the order."""
    return (case.rank if filters.sort.endswith("rank") else case.margin), case.number


def written_key(key: Key | None) -> str:
    """A key for an address; reading it gives the same key again."""
    return "" if key is None else f"{key[0]!r},{key[1]}"


def read_key(text: str) -> Key | None:
    """A key out of an address; None for an empty one. ValueError for anything else that is none."""
    if not text:
        return None
    value, _, number = text.partition(",")
    key = (float(value), int(number))
    if not math.isfinite(key[0]) or abs(key[0]) > 2**31 or not 0 <= key[1] < 2**31:
        raise ValueError(text)
    return key


def known_of(corpus_id: int | None, rows: list[Row], *, whole: bool = False) -> Known:
    """What the cases name: pictures by one query, texts by another. `whole`: every given answer, not the first two."""
    pictures, texts, classes = set[int](), set[int](), set[int]()
    for row in rows:
        answers = {row.right, *(row.given if whole else row.given[:2])}
        pictures |= {row.prompt} if row.prompt_kind in PICTURES else set()
        if row.answer_kind in PICTURES:
            pictures |= answers
        elif row.direction == "classify":
            classes |= answers
        else:
            texts |= answers
    return Known(_pictures(corpus_id, pictures), _texts(corpus_id, texts) | _classes(corpus_id, classes))


def categories_of(corpus_id: int | None) -> tuple[tuple[int, str, int], ...]:
    """Number, name and count of pictures of every category, by name."""
    return _categories(corpus_id) if corpus_id is not None else ()


@lru_cache(maxsize=256)
def _categories(corpus_id: int) -> tuple[tuple[int, str, int], ...]:
    """A data set that has cases is frozen, so each process asks once."""
    found = Category.objects.filter(corpus_id=corpus_id, item_count__gt=0).order_by("name")
    return tuple(found.values_list("number", "name", "item_count"))


def runs_with_cases(project: Project, limit: int = 12) -> list[Run]:
    """The newest runs that left cases."""
    return _runs(project, "case_count > 0 ORDER BY id DESC LIMIT %s", limit)


def _runs(project: Project, condition: str, value: int) -> list[Run]:
    """Runs of a project, with no more of them than is needed here; the condition is ours, never a visitor's."""
    text = f"SELECT {', '.join(_COLUMNS)} FROM experiments_run WHERE project_id = %s AND {condition}"  # noqa: S608
    found = [Run.from_db(connection.alias, _COLUMNS, row) for row in _rows(Query(text, [project.pk, value]))]
    for run in found:
        run.project = project  # known already: no further query
    return found


def _pictures(corpus_id: int | None, numbers: set[int]) -> dict[int, Picture]:
    if not numbers or corpus_id is None:
        return {}
    return {row[0]: Picture(*row) for row in _rows(page_sql.pictures(corpus_id, list(numbers)))}


def _texts(corpus_id: int | None, numbers: set[int]) -> dict[int, Text]:
    if not numbers or corpus_id is None:
        return {}
    found = Caption.objects.filter(corpus_id=corpus_id, number__in=numbers)
    return {row[0]: Text(*row) for row in found.values_list("number", "text", "item_number")}


def _classes(corpus_id: int | None, numbers: set[int]) -> dict[int, Text]:
    if not numbers or corpus_id is None:
        return {}
    found = Category.objects.filter(corpus_id=corpus_id, number__in=numbers)
    return {number: Text(number, name, None) for number, name in found.values_list("number", "name")}


def _cases(query: Query) -> list[Row]:
    return [Row(*row) for row in _rows(query)]


def _rows(query: Query) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.values)
        return cursor.fetchall()
