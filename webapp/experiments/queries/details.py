"""What a run's page shows beside the run itself: metrics, curves, log, artifacts, inputs, who uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from django.db import connection
from django.utils.text import capfirst
from django.utils.translation import gettext

from webapp.accounts.models import Project
from webapp.design.numbers import slice_in_words
from webapp.experiments.files import store
from webapp.experiments.lifecycle import FINAL
from webapp.experiments.metric_names import (
    DIRECTIONS,
    arm_in_words,
    arm_place,
    in_words,
    in_words_direction,
    split_name,
    stem,
)
from webapp.experiments.models import Artifact, Case, LogLine, Metric, Run, RunInput
from webapp.experiments.queries.runs import Measured, card_of, headline_names, measured, title_of
from webapp.experiments.references import reference_fields

CONTROL, WITHOUT_TWINS, NET = "random-control", "no-near-duplicates", "t2i/net"
_BESIDE = ("baseline", CONTROL, WITHOUT_TWINS)  # slices of the headline without which it could mislead
MANY_SLICES = 3  # from which on they share a table
TAIL = 200  # log lines on the page
MOST_POINTS = 4_000  # of one curve
PLOT_BYTES = 4 * 2**20
WORDS_BYTES = 16 * 2**20  # of the one table that has a text for each caption of each picture
_OF_ONE = re.compile(r"/occlusion_\d+\.json$")


@dataclass(frozen=True)
class Line:
    """A line of the log."""

    at: datetime
    level: str
    message: str
    attempt: int


@dataclass(frozen=True)
class Input:
    """What a run reads: a data set or another run, by name."""

    field: str
    kind: str
    id: int
    name: str


@dataclass(frozen=True)
class Miss:
    """A failure of text → image: what was wanted and what came first, by their numbers in the data set."""

    case: int
    corpus: int
    caption: str
    wanted: int
    given: int
    rank: int
    wanted_score: float
    given_score: float


@dataclass(frozen=True)
class Table:
    """Final values as a table, a column a direction: quantities of one slice of the queries, or one of many slices."""

    title: str  # the slice, or the quantity; empty for the quantities of all queries
    columns: list[str]
    rows: list[tuple[str, list[Measured | None]]]


def metric_tables(metrics: list[Measured]) -> list[Table]:
    """The final values of a run, the whole first, in the order in which people read them.

    A slice in which several quantities were measured is a table, or a row where there are many of them; slices with one
    and the same quantity share a table.
    """
    quantities: dict[str, set[str]] = {}
    for one in metrics:
        quantities.setdefault(one.slice, set()).add(stem(one.name))
    wide = sorted(part for part, names in quantities.items() if not part or len(names) > 1)
    arms = _arms(metrics, wide)
    apart = [part for part in wide if part not in arms]
    tables = [_quantities_table(part, [one for one in metrics if one.slice == part]) for part in apart]
    if arms:
        tables.insert(1, _arms_table([one for one in metrics if one.slice in arms]))
    lone = [one for one in metrics if one.slice not in wide]
    return tables + [_slices_table(name, lone) for name in sorted({stem(one.name) for one in lone}, key=_reading_order)]


def _arms(metrics: list[Measured], wide: list[str]) -> set[str]:
    """Slices that were measured in the same several quantities, none of them by direction, where they are many."""
    directed = {one.slice for one in metrics if _direction(one.name)}
    found = {part for part in wide if part and part not in directed}
    return found if len(found) >= MANY_SLICES else set()


def _arms_table(metrics: list[Measured]) -> Table:
    """A row a slice and a column a quantity."""
    names = sorted({one.name for one in metrics}, key=_reading_order)
    parts = sorted({one.slice for one in metrics}, key=_by_arm)
    there = {(one.slice, one.name): one for one in metrics}
    rows = [(arm_in_words(unquote(part)), [there.get((part, name)) for name in names]) for part in parts]
    return Table(gettext("Part"), [in_words(name) for name in names], rows)


def _quantities_table(part: str, metrics: list[Measured]) -> Table:
    names = sorted({stem(one.name) for one in metrics}, key=_reading_order)
    return _table(
        slice_in_words(part), [(in_words(name), [one for one in metrics if stem(one.name) == name]) for name in names]
    )


def _slices_table(name: str, metrics: list[Measured]) -> Table:
    mine = [one for one in metrics if stem(one.name) == name]
    parts = sorted({one.slice for one in mine}, key=lambda part: _by_last_number(unquote(part)))
    lines = [(slice_in_words(part), [one for one in mine if one.slice == part]) for part in parts]
    return _table(in_words(name), lines)


def _table(title: str, lines: list[tuple[str, list[Measured]]]) -> Table:
    directions = sorted({_direction(one.name) for _, line in lines for one in line}, key=_place(list(DIRECTIONS)))
    rows: list[tuple[str, list[Measured | None]]] = []
    for words, line in lines:
        by_direction = {_direction(one.name): one for one in line}
        rows.append((words, [by_direction.get(direction) for direction in directions]))
    return Table(title, [capfirst(in_words_direction(direction)) for direction in directions], rows)


def _by_arm(part: str) -> tuple[int, float, str]:
    name = unquote(part)
    return arm_place(name), *_by_last_number(name)[1:]


def _by_last_number(words: str) -> tuple[str, float, str]:
    """“rank 2-5” before “rank 11-50”, “margin below -0.1” before “margin -0.1 to -0.05”."""
    numbers = re.findall(r"(?<!\d)-?\d+(?:\.\d+)?", words)
    return words.partition(" ")[0], float(numbers[-1]) if numbers else 0.0, words


def _direction(name: str) -> str:
    return name.rpartition("/")[0]


def _place(order: list[str]) -> Callable[[str], tuple[int, str]]:
    return lambda name: (order.index(name) if name in order else len(order), name)


def _reading_order(name: str) -> tuple[int, int, str]:
    base, _, k = name.partition("@")
    order = (
        "recall", "accuracy", "ndcg", "mrr", "map", "median_rank", "mean_rank", "failures", "queries", "net", "p_value",
        "repaired", "broken",
    )  # fmt: skip
    return order.index(base) if base in order else len(order), int(k) if k.isdigit() else 0, name


def metrics_of(run: Run) -> list[Measured]:
    """Every final value, slices after the whole, in order of name."""
    found = Metric.objects.filter(run=run, step=FINAL).order_by("slice", "name")
    return [measured(metric) for metric in found]


def headlines(run: Run, metrics: list[Measured]) -> list[Measured]:
    """The numbers to lead with: the method's own headline, its companions, and what must never stand apart from it."""
    card = card_of(run.method)
    whole = [metric for metric in metrics if not metric.slice]
    named = {(metric.name, metric.slice): metric for metric in metrics}
    names = headline_names(card) if card else [""]
    headline = next((name for name in names if (name, "") in named), names[0])
    wanted = [split_name(name) for name in _companions(headline)]
    if beside := [(headline, part) for part in _BESIDE if (headline, part) in named and _says_more(part, named)]:
        wanted = [wanted[0], *beside, *wanted[1:]]
    if (NET, "") in named:
        wanted = [*wanted[: 1 + len(beside)], (NET, ""), (NET, CONTROL)]
    chosen = [named[key] for key in wanted if key in named]
    return chosen[:6] if chosen else whole[:4]


def _says_more(part: str, named: dict[tuple[str, str], Measured]) -> bool:
    """Without near duplicates there is no other number to tell."""
    twins = named.get(("near_duplicates", ""))
    return part != WITHOUT_TWINS or twins is None or twins.value > 0


def curves_of(run: Run) -> dict[str, list[tuple[int, float]]]:
    """Points (step, value) of every curve by name; long curves are thinned evenly."""
    points = Metric.objects.filter(run=run, slice="").exclude(step=FINAL).order_by("name", "step")
    curves: dict[str, list[tuple[int, float]]] = {}
    for name, step, value in points.values_list("name", "step", "value"):
        curves.setdefault(name, []).append((step, value))
    return {name: _thinned(curve) for name, curve in curves.items()}


def log_tail(run: Run, count: int = TAIL) -> list[Line]:
    """The last lines, oldest first."""
    lines = LogLine.objects.filter(run=run).order_by("-attempt", "-number")[:count]
    return [Line(line.at, line.level, line.message, line.attempt) for line in reversed(lines)]


def artifact_of(run: Run, artifact_id: int) -> Artifact | None:
    """One file of this run."""
    return Artifact.objects.filter(run=run, pk=artifact_id).first()


def plot_tables(artifacts: list[Artifact]) -> dict[str, dict[str, Any]]:
    """The tables of `plots/NAME.json` by NAME; one that is missing or no table is left out, as are those of one picture
    (`occlusion_NUMBER.json`), of which there may be hundreds."""
    tables = {}
    for row in artifacts:
        if not _OF_ONE.search(row.path) and (table := plot_table(row)) is not None:
            tables[row.path.rpartition("/")[2].removesuffix(".json")] = table | {"_title": row.name}
    return tables


def plot_table(row: Artifact | None) -> dict[str, Any] | None:
    """The table in one file of a run; None where it is not one that pages read."""
    if row is None or row.role != "plot" or not row.path.endswith(".json"):
        return None
    if row.byte_count > (WORDS_BYTES if row.path.endswith("/text_occlusion.json") else PLOT_BYTES):
        return None
    try:
        table = json.loads(store().read_bytes(row.key))
    except (OSError, ValueError):
        return None
    return table if isinstance(table, dict) else None


def inputs_of(run: Run) -> list[Input]:
    """What the run reads."""
    found = []
    for needed in (
        RunInput.objects.filter(run=run).select_related("corpus", "source_run", "caption_file").order_by("field")
    ):
        if needed.corpus:
            found.append(Input(needed.field, "corpus", needed.corpus.pk, needed.corpus.name))
        elif needed.source_run:
            found.append(Input(needed.field, "run", needed.source_run.pk, title_of(needed.source_run)))
        elif needed.caption_file:
            found.append(Input(needed.field, "captions", needed.caption_file.pk, needed.caption_file.name))
    return found


def users_of(run: Run) -> list[Run]:
    """The runs of this project that read what this one left."""
    users = RunInput.objects.filter(source_run=run).select_related("run").order_by("run_id")
    return list({needed.run_id: needed.run for needed in users}.values())


def corpus_of(run: Run) -> int | None:
    """The data set whose pictures the run's cases show."""
    chosen = RunInput.objects.filter(run=run, corpus__isnull=False).order_by("id")
    return chosen.values_list("corpus_id", flat=True).first()


def waiting_for(run: Run) -> list[Input]:
    """Inputs that are not ready yet, for a run that waits."""
    unready = RunInput.objects.filter(run=run).select_related("corpus", "source_run", "caption_file")
    found = []
    for needed in unready:
        if needed.corpus and needed.corpus.state != "ready":
            found.append(Input(needed.field, "corpus", needed.corpus.pk, needed.corpus.name))
        elif needed.source_run and needed.source_run.state != Run.State.SUCCEEDED:
            found.append(Input(needed.field, "run", needed.source_run.pk, title_of(needed.source_run)))
        elif needed.caption_file and needed.caption_file.state != "ready":
            found.append(Input(needed.field, "captions", needed.caption_file.pk, needed.caption_file.name))
    return found


def may_follow(run: Run, method: str) -> bool:
    """Whether a method is here that reads runs of this run's method."""
    card = card_of(method)
    if card is None or not card.web:
        return False
    fields = reference_fields(card).values()
    return any(extra["reference"] == "run" and run.method in (extra.get("accepts") or ()) for extra in fields)


def running_in(project: Project) -> int:
    """How many runs of a project wait or run."""
    query = "SELECT count(*) FROM experiments_run WHERE project_id = %s AND state = ANY(%s)"
    with connection.cursor() as cursor:  # every page of the project asks: composing it took longer than the count
        cursor.execute(query, [project.pk, [Run.State.QUEUED.value, Run.State.RUNNING.value]])
        return int(cursor.fetchone()[0])


def _companions(headline: str) -> list[str]:
    if headline == "t2i/recall@1":
        return ["t2i/recall@1", "t2i/recall@10", "i2t/recall@1", "t2i/failures"]
    if headline == "val/t2i/recall@1":
        return ["val/t2i/recall@1", "val/t2i/recall@5", "val/t2i/recall@10", "val/i2t/recall@1"]
    if headline.endswith("/failures"):
        return [headline, headline.replace("failures", "failure_rate")]
    if headline == "accuracy@1":
        return [headline, "baseline/accuracy@1", "untuned/accuracy@1", "net", "f1/macro", "ece"]
    return [headline]


def _thinned(curve: list[tuple[int, float]]) -> list[tuple[int, float]]:
    if len(curve) <= MOST_POINTS:
        return curve
    every = -(-len(curve) // MOST_POINTS)
    return curve[::every] + ([curve[-1]] if (len(curve) - 1) % every else [])


def near_misses(run: Run, count: int = 6) -> list[Miss]:
    """The failures that came nearest: the right picture lost by the smallest margin. Empty without cases."""
    if not run.case_count:
        return []
    corpus = corpus_of(run)
    found = Case.objects.filter(run_id=run.pk, direction="t2i", rank__gt=1, answer_kind="picture")
    return [
        Miss(
            case.number,
            corpus or 0,
            case.prompt_text,
            case.right,
            case.given[0],
            case.rank,
            case.right_score,
            case.scores[0],
        )
        for case in found.order_by("-margin", "-number")[:count]
    ]
