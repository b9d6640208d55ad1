"""A ledger as its page shows it: the matrix of repairs, the failures with their marks, the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from ml_core.failures.states import STATES
from webapp.annotation.models import Campaign
from webapp.annotation.taxonomies.queries import document_of, names_of
from webapp.design.slides import Slide
from webapp.experiments.cases.queries import cases_numbered, known_of
from webapp.experiments.cases.shown import SHORT, Place, slide
from webapp.experiments.models import Run
from webapp.experiments.queries.runs import title_of
from webapp.verdicts.ledger.asked import NONE
from webapp.verdicts.ledger.failures import Failure, Report, whole_mask
from webapp.verdicts.ledger.history import History
from webapp.verdicts.ledger.queries import Ledger, Method

LISTED = STATES[1:]  # the states of what was wrong somewhere
_BATCH = 2000  # lines of a file that are sent at once


@dataclass(frozen=True)
class Cell:
    """What a method did to a category's labelled failures; `net` is None while labels are missing."""

    repaired: int
    failures: int
    share: Mapping[str, Any] | None
    broken: int
    net: Mapping[str, Any] | None
    url: str


@dataclass(frozen=True)
class Line:
    """A method's row of the matrix. `missing`: why there is no net yet, a sentence; empty where there is one."""

    method: Method
    url: str  # the verdict
    totals: Mapping[str, int]
    repaired_url: str
    broken_url: str
    cells: list[Cell | None]
    broken: int
    unlabelled: int
    missing: str
    wants_labels: bool
    campaign: Campaign | None


@dataclass(frozen=True)
class Mark:
    """A failure's state after one run."""

    state: str
    words: str
    url: str


@dataclass(frozen=True)
class Card:
    """A failure in the list."""

    number: int
    url: str
    caption: str
    prompt: Slide | None
    wanted: Slide
    category: str
    state: str
    state_text: str
    marks: list[Mark]


def state_words() -> dict[str, str]:
    """What each state is called."""
    return {
        "open": _("Still open"),
        "repaired": _("Repaired"),
        "regressed": _("Regressed"),
        "sound": _("Right so far"),
    }


def category_names(found: Ledger, report: Report, language: str) -> dict[str, str]:
    """What each labelled category is called, in the ledger's order."""
    names: dict[str, str] = {}
    sources = found.sources
    campaigns = [*sources.broken.values(), *([sources.successes] if sources.successes else []), *sources.own]
    for campaign in campaigns:
        names |= names_of(document_of(campaign.taxonomy_version), language)
    return {key: names.get(key, key) for key in report["categories"]}


def lines(found: Ledger, report: Report) -> list[Line]:
    """The matrix, a line a method in the order of finishing."""
    return [_line(found, report, method) for method in found.methods]


def _line(found: Ledger, report: Report, method: Method) -> Line:
    asked, totals = found.asked, report["totals"][str(method.id)]
    row = report["cells"].get(str(method.id))
    plain = {"state": "", "category": "", "words": "", "after": -1, "method": method.id}
    compare = reverse("verdicts:compare", args=[found.project.slug])
    cells = []
    for key in report["categories"]:
        one = row["categories"].get(key) if row else None
        url = f"?{asked.address(**(plain | {'category': key, 'change': 'repaired'}))}#failures"
        cells.append(
            Cell(one["repaired"], one["failures"], one["repaired_share"], one["broken"], one["net"], url)
            if one
            else None
        )
    return Line(
        method=method,
        url=f"{compare}?runs={asked.baseline},{method.id}&direction={asked.direction}",
        totals=totals,
        repaired_url=f"?{asked.address(**(plain | {'change': 'repaired'}))}#failures",
        broken_url=f"?{asked.address(**(plain | {'change': 'broken'}))}#failures",
        cells=cells,
        broken=totals["broken"],
        unlabelled=row["unlabelled"] if row else totals["broken"],
        missing=_missing(row) if row else "",
        wants_labels=bool(totals["broken"] and (row is None or row["unlabelled"])),
        campaign=found.sources.broken.get(method.id),
    )


def _missing(row: Mapping[str, Any]) -> str:
    """What a net change per category still wants, and how much of it."""
    if row["missing"] == "broken":
        words = {"n": f"{row['unlabelled']:,}", "of": f"{row['broken']:,}"}
        return _("No net yet: %(n)s of the %(of)s broken queries have no label.") % words
    if row["missing"] == "failures":
        words = {"n": f"{row['covered']:,}", "of": f"{row['failures']:,}"}
        return _("No net: the labels were drawn from %(n)s of the baseline's %(of)s failures.") % words
    return ""


def cards(found: Ledger, failures: list[Failure], names: Mapping[str, str]) -> list[Card]:
    """Failures as the newest run's cases show them; three queries, however many."""
    newest, corpus = found.runs[-1], found.asked.corpus
    rows = {row.number: row for row in cases_numbered(newest, [failure.number for failure in failures])}
    known, place = known_of(corpus, list(rows.values())), Place.of(found.project.slug, newest.pk, corpus, "")
    places = [(title_of(run), _case_of(found, run)) for run in found.runs]
    words = state_words()
    made = []
    for failure in failures:
        row = rows[failure.number]
        text = row.prompt_kind == "text"
        made.append(
            Card(
                number=failure.number,
                url=place.case(row.number),
                caption=(row.prompt_text[:SHORT] or _("(no caption)")) if text else "",
                prompt=None if text else slide(row.prompt_kind, row.prompt, _("Asked"), known, place),
                wanted=slide(row.answer_kind, row.right, _("Wanted"), known, place),
                category=names.get(failure.category, failure.category),
                state=failure.states[-1],
                state_text=words[failure.states[-1]],
                marks=[
                    Mark(state, f"{title}: {words[state]}", f"{where}{row.number}/")
                    for state, (title, where) in zip(failure.states, places, strict=True)
                ],
            )
        )
    return made


def _case_of(found: Ledger, run: Run) -> str:
    return Place.of(found.project.slug, run.pk, None, "").cases


def category_choices(report: Report, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a filter by category offers, with how many labelled cases each has."""
    counts = {key: len(report["labelled"].get(key, ())) for key in names}
    labelled = [(key, f"{names[key]} ({counts[key]:,})") for key in names]
    return [("", _("Every category")), *labelled, (NONE, _("Without a label"))]


def matrix_table(report: Report, found: Ledger) -> Iterator[list[Any]]:
    """The matrix as rows of CSV: a line a method and category, and one of all queries."""
    head = ["run", "title", "category", "labelled_failures", "repaired", "repaired_share", "low", "high", "n"]
    yield [*head, "broken_labelled", "net", "net_low", "net_high", "broken", "broken_unlabelled", "missing"]
    for method in found.methods:
        totals, row = report["totals"][str(method.id)], report["cells"].get(str(method.id))
        net = totals["repaired"] - totals["broken"]
        unlabelled = row["unlabelled"] if row else totals["broken"]
        yield [
            method.id, method.title, "", totals["repaired"] + totals["still_wrong"], totals["repaired"], "", "", "", "",
            "", net, "", "", totals["broken"], unlabelled, "",
        ]  # fmt: skip
        known = row["categories"] if row else {}
        for key, one in [(key, known[key]) for key in report["categories"] if key in known]:
            share, whole = one["repaired_share"] or {}, one["net"] or {}
            yield [
                method.id, method.title, key, one["failures"], one["repaired"],
                *(share.get(name) for name in ("value", "low", "high", "n")), one["broken"],
                *(whole.get(name) for name in ("value", "low", "high")), row["broken"], unlabelled, row["why"],
            ]  # fmt: skip


def failures_table(history: History, found: Ledger, report: Report) -> Iterator[list[list[Any]]]:
    """Every failure that the address asks for, in batches of rows: identity, label, state after each run."""
    data, direction = (found.corpus.content_hash if found.corpus else ""), found.asked.direction
    head = ["data", "direction", "query", "target", "case", "category", "state"]
    yield [[*head, *(f"after_{run}" for run in history.runs)]]
    labels = {number: category for category, cases in report["labelled"].items() for number in cases}
    prompts, targets = history.column("prompt"), history.column("right")
    planes = [history.plane(run) for run in history.runs]
    mask, batch = whole_mask(history, replace(found.asked, after=-1), report), []
    place = mask.find(1)
    while place >= 0:
        states = [STATES[plane[place]] for plane in planes]
        number = history.numbers[place]
        batch.append(
            [data, direction, prompts[place], targets[place], number, labels.get(number, ""), states[-1], *states]
        )
        if len(batch) == _BATCH:
            yield batch
            batch = []
        place = mask.find(1, place + 1)
    if batch:
        yield batch
