"""What each way of ranking reaches beside the baseline, what it repaired and broke: metrics, a table, plots."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from ml_core.events import Artifact, Event, Log, Metric
from ml_core.metrics.ranking import hits_at
from ml_core.metrics.significance.selection import Selection, selected_baseline
from ml_core.metrics.significance.verdict import Outcomes, Verdict, judged, verdict_on
from ml_core.metrics.uncertainty import How, by_unit, proportion
from ml_core.retrieval import report, tables
from ml_core.retrieval.duplicates import SLICE, Twins, counted
from ml_core.retrieval.improving.arms import BASELINE, CONTROL, IMPROVED, ORACLE, Settings
from ml_core.retrieval.report import CURVE, Direction

_SUMMARY_KS = (1, 5, 10)
OVER_CONTROL = "over control"


@dataclass(frozen=True)
class View:
    """Queries that are reported on their own; `name` is empty for all of them. `chosen_Q` (Q,) says which they are."""

    name: str
    chosen_Q: np.ndarray
    file: str
    categories: str


@dataclass(frozen=True)
class Compared:
    """Arms over the same queries, the baseline among them, and how numbers are made. An arm may have fewer queries
    (`only`: the name of the one view that it is told for)."""

    arms: dict[str, Direction]
    views: Sequence[View]
    ks: tuple[int, ...]
    how: How
    only: dict[str, str]
    held_out: bool = True  # False: the encoder was trained on these pictures, so nothing is shown

    def selection(self, view: View) -> Selection:
        """Whether the baseline's own outcome chose a view's queries: then the control says what a change is worth."""
        return selected_baseline(self.arms[BASELINE].ranked.rank_Q[view.chosen_Q])

    def told(self) -> Iterator[tuple[str, Direction, View, np.ndarray]]:
        """(arm, its outcome, view, which of the arm's queries) in the order in which they are reported."""
        for view in self.views:
            for name, way in self.arms.items():
                if name not in self.only:
                    yield name, way, view, view.chosen_Q
                elif self.only[name] == view.name:
                    yield name, way, view, np.ones(len(way.ranked.query_Q), dtype=bool)


def tail(arm: str, view: str) -> str:
    """The slice of a metric's name: nothing for the improved ranking of all queries, else `/arm`, `/view` or `/arm on
    view`, percent-encoded."""
    parts = [] if arm == IMPROVED else [arm]
    said = " on ".join([*parts, view] if view else parts)
    return f"/{quote(said, safe='')}" if said else ""


def verdicts(compared: Compared) -> dict[tuple[str, str], Verdict]:
    """(arm, view) → what changed against the baseline, and as the arm OVER_CONTROL what the improved ranking changed
    against the control, on views that the baseline's own outcome chose.

    The improved ranking's are one family, corrected by Holm; on chosen views the difference to the control is its
    member, never that to the baseline, and none where there is no control.
    """
    found = {}
    baseline, control = compared.arms[BASELINE], compared.arms.get(CONTROL)
    for name, way, view, chosen_Q in compared.told():
        if name != BASELINE and chosen_Q.any():
            after = _outcomes(way, chosen_Q)
            found[name, view.name] = verdict_on(_outcomes(baseline, view.chosen_Q), after, **compared.how)
            if name == IMPROVED and control is not None and compared.selection(view):
                held = verdict_on(_outcomes(control, view.chosen_Q), after, **compared.how)
                found[OVER_CONTROL, view.name] = held
    chosen = {view.name for view in compared.views if compared.selection(view)}
    family = [(arm, of) for arm, of in found if arm == (OVER_CONTROL if of in chosen else IMPROVED)]
    return found | dict(zip(family, judged([found[key] for key in family]), strict=True))


def metrics(compared: Compared, found: dict[tuple[str, str], Verdict]) -> Iterator[Event]:
    """Every number of the improved ranking, recall of the others, and what each repaired and broke.

    On a view that the baseline's own outcome chose no ranking has a net or a p: the improved one has those of the
    difference to the control, and baseline and control stand in its own slice.
    """
    for name, way, view, chosen_Q in compared.told():
        end = tail(name, view.name)
        if not chosen_Q.any():
            continue
        if name == IMPROVED:
            yield from report.metrics(way, chosen_Q, end, compared.ks, **compared.how)
        else:
            yield from report.recalls(way, chosen_Q, end, compared.ks, **compared.how)
        if verdict := found.get((name, view.name)):
            yield Metric(f"t2i/repaired{end}", verdict.repaired, n=verdict.units)
            yield Metric(f"t2i/broken{end}", verdict.broken, n=verdict.units)
            if not compared.selection(view):
                yield Metric(f"t2i/net{end}", *verdict.net)
                yield Metric(f"t2i/p_value{end}", verdict.p, n=verdict.units)
            elif name == IMPROVED:
                yield from _beside(compared, view, found.get((OVER_CONTROL, view.name)))


def without_twins(compared: Compared, twins: Twins) -> Iterator[Event]:
    """Recall of every ranking over the queries whose picture has no near duplicate, and what the improved one changed.

    The candidates stay. It is the headline told again, not one more comparison: its p stands outside the family.
    """
    yield from counted(twins)
    alone_Q = ~twins.near_N[compared.arms[BASELINE].unit_Q]
    if not alone_Q.any():
        yield Log("every query's picture has a near duplicate, so nothing is left without", "warning")
        return
    for name, way in compared.arms.items():
        if name not in compared.only:
            within = tuple(k for k in compared.ks if k <= way.candidates)
            yield from report.recalls(way, alone_Q, tail(name, SLICE), within, **compared.how)
    end, units = tail(IMPROVED, SLICE), len(np.unique(compared.arms[IMPROVED].unit_Q[alone_Q]))
    yield Metric(f"t2i/queries{end}", int(alone_Q.sum()), n=units)
    before, after = (_outcomes(compared.arms[name], alone_Q) for name in (BASELINE, IMPROVED))
    verdict = verdict_on(before, after, **compared.how)
    yield Metric(f"t2i/repaired{end}", verdict.repaired, n=verdict.units)
    yield Metric(f"t2i/broken{end}", verdict.broken, n=verdict.units)
    if not selected_baseline(before.ranks_Q):
        yield Metric(f"t2i/net{end}", *verdict.net)
        yield Metric(f"t2i/p_value{end}", verdict.p, n=verdict.units)


def _beside(compared: Compared, view: View, held: Verdict | None) -> Iterator[Event]:
    """Baseline, control and the difference to it, in the slice of the improved ranking itself."""
    end = tail(IMPROVED, view.name)
    for name, words in ((BASELINE, "baseline_recall"), (CONTROL, "control_recall")):
        if way := compared.arms.get(name):
            hits = by_unit(hits_at(way.ranked.rank_Q[view.chosen_Q], 1), way.unit_Q[view.chosen_Q])
            yield Metric(f"t2i/{words}@1{end}", *proportion(*hits, **compared.how))
    if held:
        yield Metric(f"t2i/net_over_control{end}", *held.net)
        yield Metric(f"t2i/p_value_over_control{end}", held.p, n=held.units)


def said(compared: Compared, found: dict[tuple[str, str], Verdict]) -> Iterator[Event]:
    """The verdicts on the improved ranking in words, and a warning where there was nothing to lose."""
    for view in compared.views:
        if (verdict := found.get((IMPROVED, view.name))) is None:
            continue
        where = view.name or "all queries"
        counts = f"{where}: {verdict.repaired:,} repaired, {verdict.broken:,} broken of {verdict.n:,}"
        if not (selection := compared.selection(view)):
            yield Log(f"{counts}, {_judgement(verdict, compared)}")
            continue
        chosen, only = ("failures", "repair") if selection == "failures" else ("successes", "break")
        yield Log(
            f"{counts}. These are {chosen} of the baseline alone, where a change can only {only}: look at the control "
            "beside it and at all queries.",
            "warning",
        )
        if held := found.get((OVER_CONTROL, view.name)):
            yield Log(f"{where}, against the control: {_judgement(held, compared)}")
        else:
            yield Log(f"{where}: not shown, there is no control beside it")


def _judgement(verdict: Verdict, compared: Compared) -> str:
    shown = "shown" if verdict.shown else "not shown"
    if not compared.held_out:
        shown = "not shown, because the model was trained on these pictures"
    adjusted = "" if verdict.adjusted is None else f", {verdict.adjusted:.3g} corrected"
    return f"net {verdict.net.value:+.2%}, p = {verdict.p:.3g}{adjusted}: {shown}"


def write_summary(compared: Compared, settings: Settings, templates: int, seed: int, out: Path) -> Iterator[Event]:
    """summary_subset_results.csv: a row a view, recall as a share, differences in percentage points; last whether the
    baseline's own outcome chose the queries, and the control's recall."""
    names = [f"{arm}_R@{k}" for arm in ("baseline", "improved") for k in _SUMMARY_KS]
    names += [f"delta_pp_R@{k}" for k in _SUMMARY_KS]
    names += ["selection", *(f"control_R@{k}" for k in _SUMMARY_KS)]  # ours, behind the original's
    columns = ["file", "subset_size", "categories", "pooling", "tau", "K_templates", "seed", *names]
    with (out / "summary_subset_results.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for view in compared.views:
            if view.chosen_Q.any():
                recalls = [
                    [float(hits_at(compared.arms[arm].ranked.rank_Q[view.chosen_Q], k).mean()) for k in _SUMMARY_KS]
                    for arm in (BASELINE, IMPROVED, CONTROL)
                    if arm in compared.arms
                ]
                deltas = [100 * (after - before) for before, after in zip(*recalls[:2], strict=True)]
                control = recalls[2] if len(recalls) > 2 else [""] * len(_SUMMARY_KS)
                start = [view.file, int(view.chosen_Q.sum()), view.categories, settings.pooling, settings.tau]
                beside = [compared.selection(view) or "none", *control]
                writer.writerow([*start, templates, seed, *recalls[0], *recalls[1], *deltas, *beside])
    yield Artifact("summary_subset_results.csv", "Summary by subset", "table", "text/csv")


def plots(compared: Compared, found: dict[tuple[str, str], Verdict], out: Path) -> Iterator[Event]:
    """Recall of every arm, view by view; recall by depth of the arms; what each repaired and broke."""
    arms = [name for name in compared.arms if any(name == told for told, *_ in compared.told())]
    yield from tables.plot("arms", "First answers right, by way of ranking", _bars(compared, arms), out)
    yield from tables.plot("arms_by_depth", "Recall by depth, by way of ranking", _curves(compared, arms), out)
    yield from tables.plot("changes", "Repaired and broken, by way of ranking", _changes(found), out)


def _bars(compared: Compared, arms: Sequence[str]) -> dict[str, Any]:
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for name, way, view, chosen_Q in compared.told():
        if chosen_Q.any():
            hits = by_unit(hits_at(way.ranked.rank_Q[chosen_Q], 1), way.unit_Q[chosen_Q])
            rows[view.name, name] = proportion(*hits, **compared.how)
    series = []
    for view in compared.views:
        found = [rows.get((view.name, name)) or (None,) * 4 for name in arms]
        columns = zip(("values", "low", "high", "n"), map(list, zip(*found, strict=True)), strict=True)
        series.append({"name": view.name or "all queries"} | dict(columns))
    return _plot("bars", "First answers right", "", "Recall@1", [_shown(name) for name in arms], series, "percent")


def _curves(compared: Compared, arms: Sequence[str]) -> dict[str, Any]:
    ks = list(range(1, min(CURVE, compared.arms[BASELINE].candidates) + 1))
    series = [
        {"name": _shown(name), "values": [float(hits_at(compared.arms[name].ranked.rank_Q, k).mean()) for k in ks]}
        for name in arms
        if name not in compared.only
    ]
    return _plot("curve", "Recall by depth", "k", "Recall@k", ks, series, "percent")


def _changes(found: dict[tuple[str, str], Verdict]) -> dict[str, Any]:
    keys = list(found)
    x = [f"{_shown(arm)} on {view}" if view else _shown(arm) for arm, view in keys]
    series = [
        {"name": "repaired", "values": [found[key].repaired for key in keys]},
        {"name": "broken", "values": [found[key].broken for key in keys]},
    ]
    return _plot("bars", "Repaired and broken", "", "Queries", x, series, "integer")


def _plot(kind: str, title: str, x: str, y: str, places: list[Any], series: list[Any], style: str) -> dict[str, Any]:
    labels = {"title": title, "x_label": x, "y_label": y}
    return {"kind": kind, **labels, "x": places, "series": series, "format": style}


def _shown(arm: str) -> str:
    return f"{ORACLE} (upper bound)" if arm == ORACLE else arm


def _outcomes(way: Direction, chosen_Q: np.ndarray) -> Outcomes:
    ranked = way.ranked
    return Outcomes(
        numbers_Q=ranked.query_Q[chosen_Q],
        units_Q=way.unit_Q[chosen_Q],
        ranks_Q=ranked.rank_Q[chosen_Q],
        first_Q=ranked.given_QK[chosen_Q, 0],
    )
