"""A comparison's numbers as its page and its files show them: verdicts, tables, plots. Asks no database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from webapp.design.plots import Plot, Series
from webapp.experiments.cases.filters import CLASSIFY
from webapp.experiments.metric_names import in_words
from webapp.verdicts.comparing.asked import ALL, CELLS
from webapp.verdicts.comparing.confirming import mode_of
from webapp.verdicts.comparing.queries import Chosen, Comparison

Report = Mapping[str, Any]
LINES = 8  # series in one plot: more cannot be told apart
_METRICS = ("recall@1", "recall@5", "recall@10", "mrr", "median_rank")


@dataclass(frozen=True)
class Verdict:
    """One run against the baseline."""

    run: Chosen
    card: Mapping[str, Any]  # as docs/claims.md has it
    cells: list[tuple[str, str, int, str]]  # key, words, count, address of its flips
    sentence: str
    bar: list[tuple[str, float, float]]  # tone, where it begins and how wide it is on an axis of 0 to 100
    mode: str = "exploratory"

    @property
    def tone(self) -> str:
        """Colour only for what is shown."""
        return tone_of(self.card)


@dataclass(frozen=True)
class Group:
    """A group of seeds against the baseline's: its change as docs/claims.md has it; None for the baseline's own."""

    name: str
    count: int
    change: Mapping[str, Any] | None

    @property
    def p_values(self) -> tuple[str, str]:
        """p and adjusted p, as their columns show them."""
        change = self.change or {"p": None, "adjusted": None}
        return bare_p(change["p"]), bare_p(change["adjusted"])

    @property
    def tone(self) -> str:
        """Colour only for what is shown."""
        return tone_of(self.change) if self.change else ""


@dataclass(frozen=True)
class Line:
    """A run, or a group of seeds, with its metrics in the order of the table's columns."""

    title: str
    id: int | None
    baseline: bool
    metrics: list[Mapping[str, Any] | None]
    note: str = ""


@dataclass(frozen=True)
class Moves:
    """How many queries went from one bucket of ranks (rows) to another (columns): (count, shade, the same)."""

    title: str
    buckets: list[str]
    rows: list[tuple[str, list[tuple[int, int, bool]]]]


def tone_of(card: Mapping[str, Any]) -> str:
    """The colour of a verdict; none where nothing is shown."""
    if not card["shown"]:
        return ""
    return "repaired" if (card.get("against_control") or card)["net"]["value"] > 0 else "broken"


def cell_words() -> dict[str, str]:
    """The cells as people call them."""
    return {
        "repaired": _("repaired"), "broken": _("broken"), "still_wrong": _("still wrong"),
        "wrong_differently": _("wrong differently"),
    }  # fmt: skip


def verdicts(report: Report, found: Comparison, direction: str, part: str) -> list[Verdict]:
    """The verdict on each run beside the baseline, in their order."""
    words, made = cell_words(), []
    cards = {run.id: report["verdicts"].get(str(run.id), {}).get(direction, {}).get(part) for run in found.others}
    most = max((max(card["repaired"], card["broken"]) for card in cards.values() if card), default=0) or 1
    for run in found.others:
        card = cards[run.id]
        if card is None:
            continue
        cells = [
            (key, words[key], card[key], "?" + found.asked.address(against=run.id, flips=key, after=-1) + "#flips")
            for key in CELLS
        ]
        broken, repaired = 50 * card["broken"] / most, 50 * card["repaired"] / most
        bar = [("broken", round(50 - broken, 2), round(broken, 2)), ("repaired", 50.0, round(repaired, 2))]
        made.append(Verdict(run, card, cells, _sentence(card), bar, mode_of(report, run.id, direction, part)))
    return made


def _sentence(card: Mapping[str, Any]) -> str:
    if card.get("held_out") is False:
        return _("Not held out: a model was trained on what it is evaluated on, so nothing is shown.")
    if not card["judged"]:
        return selection_words(card["selection"]) or _("Not judged on this selection.")
    words = {"p": written_p((card["against_control"] or card)["p"]), "adjusted": written_p(card["adjusted"])}
    said = ""
    if card["against_control"]:
        said = selection_words(card["selection"], held=True) + " "
    if card["shown"]:
        return said + _("Shown: p %(p)s, adjusted %(adjusted)s, and the interval excludes 0.") % words
    if card["adjusted"] < 0.05:
        return said + _("Not shown: p %(p)s, adjusted %(adjusted)s, but the interval includes 0.") % words
    return said + _("Not shown: p %(p)s, adjusted %(adjusted)s.") % words


def selection_words(selection: str, *, held: bool = False) -> str:
    """Why queries that the baseline's own outcome chose are judged otherwise; empty where it did not choose."""
    if not selection:
        return ""
    if selection == "failures":
        said = _("The baseline gets every one of these queries wrong, so a change can only repair here.")
    else:
        said = _("The baseline gets every one of these queries right, so a change can only break here.")
    if held:
        return f"{said} " + _("What counts is the difference to the control, which changes as much at random.")
    return f"{said} " + _("Nothing is shown without a control run that changes as much at random.")


def written_p(p: float | None) -> str:
    """A p-value after its letter: with four places, smaller ones as a bound."""
    if p is None:
        return "–"
    return "< 0.0001" if p < 0.0001 else f"= {p:.4f}"


def bare_p(p: float | None) -> str:
    """A p-value alone in its column."""
    return written_p(p).removeprefix("= ")


def metric_columns(report: Report, found: Comparison, direction: str, part: str) -> tuple[list[str], list[str]]:
    """Words and keys of the metrics that a table has a column for."""
    tail = "" if part == ALL else f"/{quote(part, safe='')}"
    first = report["metrics"][str(found.asked.baseline)]
    names = [name for name in _METRICS if f"{direction}/{name}{tail}" in first]
    return [in_words(called(name, direction)) for name in names], [f"{direction}/{name}{tail}" for name in names]


def called(name: str, direction: str) -> str:
    """A metric as its runs call it: the share of pictures whose class is among the first k is an accuracy."""
    return name.replace("recall@", "accuracy@") if direction == CLASSIFY else name


def metric_lines(report: Report, found: Comparison, direction: str, part: str) -> tuple[list[str], list[Line]]:
    """Heads of columns, and a line for each group of seeds and each run: what they measured with intervals."""
    words, keys = metric_columns(report, found, direction, part)
    baseline, lines = str(found.asked.baseline), []
    for name, group in report["groups"].items():
        note = _("mean of %(n)d runs") % {"n": len(group["runs"])}
        measured = [named(key, group["metrics"]) for key in keys]
        lines.append(Line(name, None, baseline in group["runs"], measured, note))
    for run in found.runs:
        own = report["metrics"][str(run.id)]
        lines.append(Line(run.title, run.id, run.id == found.asked.baseline, [named(key, own) for key in keys]))
    return words, lines


def named(key: str, metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A metric with its name, as tables show it."""
    return {"name": "/".join(key.split("/")[:2])} | metrics[key] if key in metrics else None


def groups(report: Report, direction: str, part: str) -> list[Group]:
    """What each group of seeds changed against the baseline's group, or against the baseline alone."""
    return [
        Group(name, len(group["runs"]), group["changes"].get(direction, {}).get(part))
        for name, group in report["groups"].items()
    ]


def plots(report: Report, found: Comparison, direction: str, part: str) -> list[tuple[str, Plot]]:
    """(id, plot): recall by depth, how ranks moved, the effect by category where labels say it."""
    drawn = [("plot-recall", _recall(report, found, direction))]
    if moved := _moves(report, found, direction, part):
        drawn.append(("plot-ranks", moved))
    if effects := _effects(report, found, direction):
        drawn.append(("plot-effects", effects))
    return drawn


def _recall(report: Report, found: Comparison, direction: str) -> Plot:
    curves = report["curves"][direction]
    grouped = {run for group in report["groups"].values() for run in group["runs"]}
    series = []
    for name, group in report["groups"].items():
        band = group["curves"][direction]
        series.append(Series(name, tuple(band["mean"]), tuple(band["lowest"]), tuple(band["highest"])))
    lone = [run for run in _baseline_first(found) if str(run.id) not in grouped]
    series += [Series(_name(run), tuple(curves["runs"][str(run.id)])) for run in lone]
    note = _("A band reaches from the lowest to the highest seed of a group.") if report["groups"] else ""
    if len(series) > LINES:
        note += " " + _("The first %(n)d are drawn; the file has every one.") % {"n": LINES}
    title, label = _("Recall by depth"), "Recall@k"
    depths = tuple(curves["k"])
    if direction == CLASSIFY:
        title, label = _("Accuracy by depth"), "Accuracy@k"
        full = max(sum(1 for value in one.values if value is not None and value < 1) for one in series) + 1
        depths = depths[:full]  # where all classes are in, nothing is told any more
        series = [_first(one, full) for one in series]
    return Plot(
        "curve", title, "k", label, depths, tuple(series[:LINES]), "percent", y_range=(0, 1.02), note=note.strip()
    )


def _moves(report: Report, found: Comparison, direction: str, part: str) -> Plot | None:
    tables = [
        (run, report["rank_changes"].get(str(run.id), {}).get(direction, {}).get(part)) for run in found.others[:LINES]
    ]
    there = [(run, table) for run, table in tables if table]
    if not there:
        return None
    steps = sorted({row["step"] for _run, table in there for row in table["steps"]}, reverse=True)
    reach = max((abs(row["step"]) for _run, table in there for row in table["steps"] if row["count"]), default=0)
    steps = [step for step in steps if abs(step) <= reach]
    series = []
    for run, table in there:
        counts = {row["step"]: row["count"] for row in table["steps"]}
        series.append(Series(_name(run), tuple(counts.get(step, 0) for step in steps)))
    counted = _("Pictures") if direction == CLASSIFY else _("Queries")
    return Plot(
        "bars", _("How ranks moved"), _("Rank after"), counted, tuple(_step(step) for step in steps),
        tuple(series), "integer", x_scale="category",
        note=_("Left of the middle the right answer fell, right of it it rose; a step is a factor of two in rank."),
    )  # fmt: skip


def moves(report: Report, found: Comparison, direction: str, part: str) -> list[Moves]:
    """From which ranks to which, a table for every run beside the baseline; of many, for the one looked at."""
    made, many = [], len(found.others) > LINES
    for run in [run for run in found.others if not many or run.id == found.asked.against]:
        table = report["rank_changes"].get(str(run.id), {}).get(direction, {}).get(part)
        if table:
            buckets = [name.replace("-", "–") for name in table["buckets"]]
            most = max(max(counts) for counts in table["moves"]) or 1
            last = _reached(table["moves"])
            rows = [
                (name, [(n, min(4, -(-4 * n // most)), at == place) for at, n in enumerate(counts[:last])])
                for place, (name, counts) in enumerate(zip(buckets[:last], table["moves"], strict=False))
            ]
            made.append(Moves(_name(run), buckets[:last], rows))
    return made


def _reached(moves: list[list[int]]) -> int:
    """How many buckets hold a query before or after: the rest is empty in every table."""
    places = [max(row, at) for row, counts in enumerate(moves) for at, count in enumerate(counts) if count]
    return 1 + max(places, default=0)


def _first(series: Series, count: int) -> Series:
    columns = {name: getattr(series, name)[:count] for name in ("values", "low", "high", "n")}
    return replace(series, **columns)


def _step(step: int) -> str:
    if step == 0:
        return _("same")
    size = abs(step)
    words = f"<{2**size}×" if size < 7 else "≥64×"
    return ("↓ " if step > 0 else "↑ ") + words


def _effects(report: Report, found: Comparison, direction: str) -> Plot | None:
    tables = [
        (run, report["effects"].get(str(run.id), {}).get(direction, {}).get("categories", {}))
        for run in found.others[:LINES]
    ]
    names = list(dict.fromkeys(name for _run, table in tables for name in table))
    if not names:
        return None
    series = []
    for run, table in tables:
        shares = [(table.get(name) or {}).get("repaired_share") or {} for name in names]
        value, low, high, n = (tuple(share.get(key) for share in shares) for key in ("value", "low", "high", "n"))
        series.append(Series(_name(run), value, low, high, n, tone="repaired" if len(tables) == 1 else ""))
    return Plot(
        "bars", _("Repaired share of each category's failures"), _("Category"), _("Repaired"), tuple(names),
        tuple(series), "percent", x_scale="category",
        note=_(
            "Labelled failures of the baseline, weighted as they were drawn. A change can only repair among them, and "
            "what was broken has no label here: no gain by itself."
        ),
    )  # fmt: skip


def _baseline_first(found: Comparison) -> list[Chosen]:
    return [*(run for run in found.runs if run.id == found.asked.baseline), *found.others]


def _name(run: Chosen) -> str:
    return f"{run.title} · {run.id}"


def table(report: Report, found: Comparison) -> Iterator[list[Any]]:
    """Every number as rows of one CSV: part, run, name, slice, value, low, high, n."""
    yield ["part", "run", "name", "slice", "value", "low", "high", "n"]
    for run in found.runs:
        if run.held_out:
            yield ["run", run.id, "held_out", ALL, run.held_out, "", "", ""]
        for name, estimate in report["metrics"][str(run.id)].items():
            way, metric, *part = name.split("/", 2)
            yield ["metric", run.id, f"{way}/{metric}", part[0] if part else ALL, *_cells(estimate)]
    for run, ways in report["verdicts"].items():
        for way, parts in ways.items():
            for part_name, card in parts.items():
                yield ["verdict", run, f"{way}/net", part_name, *_cells(card["net"])]
                for key in ("n", *CELLS, "still_right", "p", "adjusted", "test", "judged", "shown", "selection", "why"):
                    yield ["verdict", run, f"{way}/{key}", part_name, card[key], "", "", card["n"]]
                if beside := card["against_control"]:
                    yield ["verdict", run, f"{way}/net_over_control", part_name, *_cells(beside["net"])]
                    yield ["verdict", run, f"{way}/p_over_control", part_name, beside["p"], "", "", beside["n"]]
                mode = mode_of(report, run, way, part_name)
                yield ["verdict", run, f"{way}/mode", part_name, mode, "", "", card["n"]]
    if kept := report.get("registration"):
        name = f"{kept['direction']}/{kept['metric']}"
        yield ["registration", kept["run"], f"{name}/net", kept["slice"], *_cells(kept["verdict"]["net"])]
        for key in ("conclusion", "smallest_effect", "n", "n_reached", "stopping_rule", "registered_at"):
            yield ["registration", kept["run"], f"{name}/{key}", kept["slice"], kept[key], "", "", kept["n_reached"]]
        for line in kept["departures"]:
            yield ["registration", kept["run"], f"{name}/departure", kept["slice"], line, "", "", kept["n_reached"]]
    for name, group in report["groups"].items():
        for metric, estimate in group["metrics"].items():
            yield ["group", name, metric, "", *_cells(estimate)]
    for way, curves in report["curves"].items():
        for run, values in curves["runs"].items():
            for k, value in zip(curves["k"], values, strict=True):
                yield ["curve", run, f"{way}/recall@{k}", ALL, value, "", "", ""]
    for run, ways in report["effects"].items():
        for way, effects in ways.items():
            for category, effect in effects.get("categories", {}).items():
                for key in ("repaired_share", "net"):
                    yield ["effect", run, f"{way}/{key}", category, *_cells(effect[key] or {})]


def settings_table(found: Comparison, settings: list[Any]) -> Iterator[list[Any]]:
    """Every setting, a column a run."""
    yield ["setting", *(run.id for run in found.runs), "differs"]
    for one in settings:
        yield [one.name, *one.values, one.differs]


def _cells(estimate: Mapping[str, Any]) -> list[Any]:
    return [estimate.get(name) for name in ("value", "low", "high", "n")]
