"""Which failures an address asks for, a page at a time: masks over the history; words are looked up in the cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db import connection

from webapp.experiments.cases.page_sql import SEARCHED
from webapp.verdicts.ledger.asked import NONE, Asked
from webapp.verdicts.ledger.history import History, both, either, flipped

PAGE = 25
_FEW = 20_000  # cases that are named one by one in a search
_STEP = 5_000  # cases with the words that are read at once
_WORDS = f"""
SELECT number FROM experiments_case WHERE run_id = %s AND direction = %s AND number > %s
    AND {SEARCHED} @@ websearch_to_tsquery('simple', %s) AND (%s::integer[] IS NULL OR number = ANY(%s))
ORDER BY number LIMIT %s
"""  # noqa: S608  # put together from constants alone
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """One failure: the case's number and its state after each run, the baseline first."""

    number: int
    states: list[str]
    category: str


@dataclass(frozen=True)
class Page:
    """Some failures in the order of their numbers; `next`: the number that the following page begins after.

    `count`: how many there are in all, where no words narrow them.
    """

    failures: list[Failure]
    next: int | None
    count: int | None


def page_of(history: History, asked: Asked, report: Report, size: int = PAGE) -> Page:
    """The failures that an address asks for, those after case `asked.after`."""
    mask = mask_of(history, asked, report)
    found = list(islice(_cases(history, asked, mask), size + 1))
    rows = described(history, found[:size], report)
    return Page(rows, found[size - 1] if len(found) > size else None, None if asked.words else mask.count(1))


def mask_of(history: History, asked: Asked, report: Report) -> bytes:
    """A byte a query: 1 where the failure's state, category and what a method did to it are those asked for."""
    mask = history.in_state(asked.state) if asked.state else history.failures()
    if asked.category:
        labelled = report["labelled"]
        named = labelled.values() if asked.category == NONE else [labelled.get(asked.category, [])]
        wanted = history.of_cases(number for numbers in named for number in numbers)
        mask = both(mask, flipped(wanted) if asked.category == NONE else wanted)
    if asked.method:
        done = [asked.change] if asked.change else ["repaired", "broken"]
        changed = history.changed(asked.method, done[0])
        for change in done[1:]:
            changed = either(changed, history.changed(asked.method, change))
        mask = both(mask, changed)
    return mask


def whole_mask(history: History, asked: Asked, report: Report) -> bytes:
    """The same with the words as well."""
    mask = mask_of(history, asked, report)
    return history.of_cases(_cases(history, asked, mask)) if asked.words else mask


def described(history: History, numbers: list[int], report: Report) -> list[Failure]:
    """Cases with what became of them."""
    wanted = set(numbers)
    labels = {
        number: category for category, cases in report["labelled"].items() for number in cases if number in wanted
    }
    states = history.states_of(numbers)
    return [Failure(number, row, labels.get(number, "")) for number, row in zip(numbers, states, strict=True)]


def _cases(history: History, asked: Asked, mask: bytes) -> Iterable[int]:
    if not asked.words:
        return history.cases(mask, asked.after)
    few = list(islice(history.cases(mask, asked.after), _FEW + 1))
    if len(few) <= _FEW:
        return _with_words(history.runs[0], asked, asked.after, few)
    return _walked(history, asked, mask)


def _walked(history: History, asked: Asked, mask: bytes) -> Iterator[int]:
    """Cases with the words, step by step, as far as the mask has them: one of many, so that a page is soon full."""
    after = asked.after
    while found := _with_words(history.runs[0], asked, after, None):
        yield from history.cases(both(mask, history.of_cases(found)))
        after = found[-1]


def _with_words(run: int, asked: Asked, after: int, among: list[int] | None) -> list[int]:
    values: list[int | str | list[int] | None] = [
        run,
        asked.direction,
        after,
        asked.words,
        among,
        among,
        _STEP if among is None else len(among),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, values)
        return [number for (number,) in cursor.fetchall()]
