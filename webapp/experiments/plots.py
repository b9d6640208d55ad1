"""A run's tables and curves as plots of the design system."""

from __future__ import annotations

from typing import Any

from webapp.design.plots import Plot, Series
from webapp.experiments.metric_names import DIRECTIONS, in_words, stem

Table = dict[str, Any]


def plots_of(tables: dict[str, Table]) -> list[tuple[str, Plot]]:
    """(id, plot) for every table that can be drawn; one whose columns do not fit is left out."""
    drawn = []
    for name, table in tables.items():
        draw = _KNOWN.get(name, _any)
        try:
            plot = draw(table)
        except (KeyError, ValueError, TypeError, IndexError):
            continue
        if plot is not None:
            drawn.append((f"plot-{name}", plot))
    return sorted(
        drawn, key=lambda entry: (list(_KNOWN).index(entry[0][5:]) if entry[0][5:] in _KNOWN else 99, entry[0])
    )


def curve_plots(curves: dict[str, list[tuple[int, float]]]) -> list[tuple[str, Plot]]:
    """(id, plot) for the curves of a training, those of one quantity in one plot."""
    together: dict[str, dict[str, list[tuple[int, float]]]] = {}
    for name, curve in curves.items():
        together.setdefault(_quantity(name), {})[name] = curve
    return [(f"curve-{place}", _curves(title, parts)) for place, (title, parts) in enumerate(sorted(together.items()))]


def _quantity(name: str) -> str:
    return stem(name).partition("@")[0].replace("_", " ").capitalize()


def _curves(title: str, parts: dict[str, list[tuple[int, float]]]) -> Plot:
    steps = sorted({step for curve in parts.values() for step, _ in curve})
    series = []
    for name, curve in sorted(parts.items()):
        values = dict(curve)
        series.append(Series(in_words(name), tuple(values.get(step) for step in steps)))
    share = title in ("Recall", "Accuracy", "Precision")
    return Plot("curve", title, "Step", title, tuple(steps), tuple(series), "percent" if share else "decimal")


def _recall(table: Table) -> Plot:
    ks = sorted(set(table["k"]))
    series = [
        Series(_way(way), *(_at(table, column, way, "k", ks) for column in ("recall", "low", "high", "n")))
        for way in _ways(table)
    ]
    return Plot("curve", "Recall by depth", "k", "Recall@k", tuple(ks), tuple(series), "percent", y_range=(0, 1))


def _ranks(table: Table) -> Plot:
    buckets = list(dict.fromkeys(table["bucket"]))
    series = [
        Series(_way(way), *(_at(table, column, way, "bucket", buckets) for column in ("share", "low", "high", "n")))
        for way in _ways(table)
    ]
    return Plot(
        "bars", "Where the right answer stood", "Rank", "Share of queries", tuple(buckets), tuple(series), "percent"
    )


def _margin(table: Table) -> Plot:
    way = _ways(table)[0]
    rows = [i for i, direction in enumerate(table["direction"]) if direction == way]
    x = tuple(round((table["from"][i] + table["to"][i]) / 2, 4) for i in rows)
    series = (
        Series("Hits", tuple(table["hits"][i] for i in rows)),
        Series("Failures", tuple(table["failures"][i] for i in rows), tone="near"),
    )
    note = "Score of the right answer minus that of the best wrong one: a failure just below zero is a near miss."
    title = f"Score margin, {_way(way)}"
    return Plot("histogram", title, "Margin", "Queries", x, series, "integer", note=note)


def _any(table: Table) -> Plot | None:
    """A table of another method that says itself how it is drawn: the fields of Plot, series as objects."""
    if "series" not in table:
        return None
    series = tuple(
        Series(str(one["name"]), *(tuple(one.get(column) or ()) for column in ("values", "low", "high", "n")))
        for one in table["series"]
    )
    kind = table["kind"] if table.get("kind") in ("curve", "histogram", "bars") else "curve"
    title = str(table.get("title") or table.get("_title") or "Plot")
    x_label, y_label = str(table.get("x_label", "")), str(table.get("y_label", ""))
    return Plot(kind, title, x_label, y_label, tuple(table["x"]), series, str(table.get("format", "decimal")))


def _ways(table: Table) -> list[str]:
    return list(dict.fromkeys(table["direction"]))


def _way(way: str) -> str:
    return DIRECTIONS.get(way, way)


def _at(table: Table, column: str, way: str, key: str, places: list[Any]) -> tuple[Any, ...]:
    """A column of one direction in the order of `places`; None where it has no such row."""
    found = {table[key][i]: table[column][i] for i, direction in enumerate(table["direction"]) if direction == way}
    return tuple(found.get(place) for place in places)


_KNOWN = {"recall_curve": _recall, "rank_histogram": _ranks, "margin": _margin}
