"""A run's tables and curves as plots of the design system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from webapp.design.plots import Kind, Plot, Series
from webapp.experiments.metric_names import DIRECTIONS, in_words, stem

Table = dict[str, Any]
_COLUMNS = ("values", "low", "high", "n")


def plots_of(tables: dict[str, Table]) -> list[tuple[str, Plot]]:
    """(id, plot) for every table that can be drawn; one whose columns do not fit is left out."""
    drawn: list[tuple[str, Plot]] = []
    for name, table in sorted(tables.items(), key=lambda entry: (_ORDER.get(entry[0], 99), entry[0])):
        try:
            plots = _KNOWN.get(name, _any)(table)
        except (KeyError, ValueError, TypeError, IndexError):
            continue
        drawn += [(f"plot-{name}-{place}", plot) for place, plot in enumerate(plots)]
    return drawn


def curve_plots(curves: dict[str, list[tuple[int, float]]]) -> list[tuple[str, Plot]]:
    """(id, plot) for the curves of a training, those of one quantity in one plot."""
    together: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for name, curve in curves.items():
        together.setdefault(_quantity(name), {})[name] = curve
    return [(f"curve-{place}", _curves(title, parts)) for place, (title, parts) in enumerate(sorted(together.items()))]


def _quantity(name: str) -> str:
    return in_words(stem(name).partition("@")[0])


def _curves(title: str, parts: dict[str, list[tuple[int, float]]]) -> Plot:
    steps = sorted({step for curve in parts.values() for step, _ in curve})
    series = []
    for name, curve in sorted(parts.items()):
        values = dict(curve)
        series.append(Series(in_words(name), tuple(values.get(step) for step in steps)))
    share = title in (_("Recall"), _("Accuracy"), _("Precision"))
    return Plot("curve", title, _("Step"), title, tuple(steps), tuple(series), "percent" if share else "decimal")


def _recall(table: Table) -> list[Plot]:
    ks = sorted(set(table["k"]))
    series = tuple(_series(table, way, "k", ks, "recall") for way in _ways(table))
    return [Plot("curve", _("Recall by depth"), "k", "Recall@k", tuple(ks), series, "percent", y_range=(0, 1))]


def _ranks(table: Table) -> list[Plot]:
    buckets = list(dict.fromkeys(table["bucket"]))
    series = tuple(_series(table, way, "bucket", buckets, "share") for way in _ways(table))
    title, y_label = _("Where the right answer stood"), _("Share of queries")
    return [Plot("bars", title, _("Rank"), y_label, tuple(buckets), series, "percent", x_scale="category")]


def _margins(table: Table) -> list[Plot]:
    return [_margin(table, way) for way in _ways(table)]


def _margin(table: Table, way: str) -> Plot:
    rows = [i for i, direction in enumerate(table["direction"]) if direction == way]
    x = tuple(round((table["from"][i] + table["to"][i]) / 2, 4) for i in rows)
    series = (
        Series(_("Hits"), tuple(table["hits"][i] for i in rows)),
        Series(_("Failures"), tuple(table["failures"][i] for i in rows), tone="near"),
    )
    note = _("Score of the right answer minus that of the best wrong one: a failure just below zero is a near miss.")
    title = _("Score margin, %(way)s") % {"way": _(DIRECTIONS.get(way, way))}
    return Plot("histogram", title, _("Margin"), _("Queries"), x, series, "integer", note=note)


def _any(table: Table) -> list[Plot]:
    """A table of another method that says itself how it is drawn: the fields of Plot, series as objects."""
    series = tuple(_said(one) for one in table["series"])
    kind: Kind = table["kind"] if table.get("kind") in ("curve", "histogram", "bars") else "curve"
    title = str(table.get("title") or table.get("_title") or _("Plot"))
    labels = str(table.get("x_label", "")), str(table.get("y_label", ""))
    return [Plot(kind, title, *labels, tuple(table["x"]), series, str(table.get("format", "decimal")))]


def _said(one: dict[str, Any]) -> Series:
    values, low, high, n = (tuple(one.get(column) or ()) for column in _COLUMNS)
    return Series(str(one["name"]), values, low, high, n)


def _ways(table: Table) -> list[str]:
    return list(dict.fromkeys(table["direction"]))


def _series(table: Table, way: str, key: str, places: list[Any], value: str) -> Series:
    """One direction as a series over `places`; None where it has no such row."""
    rows = {table[key][i]: i for i, direction in enumerate(table["direction"]) if direction == way}

    def column(name: str) -> tuple[Any, ...]:
        return tuple(table[name][rows[place]] if place in rows else None for place in places)

    return Series(_(DIRECTIONS.get(way, way)), column(value), column("low"), column("high"), column("n"))


_KNOWN: dict[str, Callable[[Table], list[Plot]]] = {
    "recall_curve": _recall,
    "rank_histogram": _ranks,
    "margin": _margins,
}
_ORDER = {name: place for place, name in enumerate(_KNOWN)}
