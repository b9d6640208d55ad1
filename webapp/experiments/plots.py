"""A run's tables and curves as plots of the design system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from webapp.design.plots import Dots, Heat, Kind, Mark, Plot, Scatter, Series
from webapp.experiments.metric_names import DIRECTIONS, arm_in_words, in_words, split_name, stem

Table = dict[str, Any]
DEFAULT = (0.2, 0.1, 0.1, 0.1)  # α, β and both τ as SynCE was published
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


def _points(table: Table) -> list[Plot]:
    """The tuned point beside the untuned and the plain one, on the same pictures."""
    points = list(dict.fromkeys(table["point"]))
    series = []
    for measure in dict.fromkeys(table["measure"]):
        rows = {table["point"][i]: i for i, name in enumerate(table["measure"]) if name == measure}
        values, low, high, n = (
            tuple(table[column][rows[point]] for point in points) for column in ("value", "low", "high", "n")
        )
        series.append(Series(in_words(*split_name(measure)), values, low, high, n))
    words = {"plain": _("Plain"), "untuned": _("Defaults"), "tuned": _("Tuned")}
    x = tuple(words.get(point, point) for point in points)
    title = _("Tuned, untuned and plain")
    return [Plot("bars", title, _("Point"), _("Share"), x, tuple(series), "percent", x_scale="category")]


def _ablation(table: Table) -> list[Plot]:
    """Accuracy of every part of the enrichment, left out or changed, beside the plain classifier; and what each changes
    against the settings as given."""
    measure = "accuracy@1"
    values, low, high, n = (tuple(table[name]) for name in (measure, f"{measure}.low", f"{measure}.high", "n"))
    series = Series(in_words(*split_name(measure)), values, low, high, n)
    x, note = (
        tuple(map(arm_in_words, table["arm"])),
        _("Whoever takes the best of these has chosen it where it is reported."),
    )
    title = _("What each part is worth")
    drawn = Plot("bars", title, _("Part"), _("Share"), x, (series,), "percent", x_scale="category", note=note)
    return [drawn, *_over_full(table, x)]


def _over_full(table: Table, arms: tuple[str, ...]) -> list[Plot]:
    """The net of every part but the settings as given themselves; none of a table from before this was told."""
    rows = [i for i, value in enumerate(table.get("both/net") or ()) if value is not None]
    if not rows:
        return []
    values, low, high, n = (
        tuple(table[name][i] for i in rows) for name in ("both/net", "both/net.low", "both/net.high", "n")
    )
    series = Series(in_words("net_over_full"), values, low, high, n)
    x, title = tuple(arms[i] for i in rows), _("What each part changes against the settings as given")
    note = _("Pictures repaired less those broken, with 95 % intervals; tests are corrected for their number (Holm).")
    return [Plot("bars", title, _("Part"), _("Share"), x, (series,), "points", x_scale="category", note=note)]


def heats_of(tables: dict[str, Table]) -> list[tuple[str, Heat]]:
    """(id, heat map) of shares α and β for each pair of temperatures of a sweep; that of the best point first."""
    try:
        return [(f"heat-{place}", heat) for place, heat in enumerate(_heats(tables["sweep"]))]
    except (KeyError, ValueError, TypeError, IndexError):
        return []


def _heats(table: Table) -> list[Heat]:
    measure = next(name for name in (str(table["_title"]).partition(" ")[0], "accuracy@1") if name in table)
    rows = range(len(table["alpha"]))
    values = [table[measure][i] for i in rows]
    best = max(rows, key=lambda i: (table["chosen"][i], values[i], -i))
    ends = min(values), max(values)
    taus = list(dict.fromkeys((table["tau_t2t"][i], table["tau_i2t"][i]) for i in rows))
    first = table["tau_t2t"][best], table["tau_i2t"][best]
    ordered = [first, *(pair for pair in taus if pair != first)]
    return [_heat(table, pair, measure, ends, best) for pair in ordered]


def _heat(table: Table, taus: tuple[Any, Any], measure: str, ends: tuple[float, float], best: int) -> Heat:
    mine = [i for i in range(len(table["alpha"])) if (table["tau_t2t"][i], table["tau_i2t"][i]) == taus]
    alphas, betas = (sorted({table[name][i] for i in mine}) for name in ("alpha", "beta"))
    found = {(table["alpha"][i], table["beta"][i]): table[measure][i] for i in mine}
    marks = []
    if best in mine:
        marks.append(Mark(f"{table['alpha'][best]:g}", f"{table['beta'][best]:g}", _("Chosen"), True))
    if taus == DEFAULT[2:] and DEFAULT[:2] in found:
        marks.append(Mark(f"{DEFAULT[0]:g}", f"{DEFAULT[1]:g}", _("Default")))
    told = [_("uniform") if tau is None else f"{tau:g}" for tau in taus]
    name = in_words(*split_name(measure))
    return Heat(
        _("%(name)s at τ %(classes)s (classes), %(pictures)s (pictures)")
        % {"name": name, "classes": told[0], "pictures": told[1]},
        _("α, share of class captions"),
        _("β, share of picture captions"),
        tuple(f"{alpha:g}" for alpha in alphas),
        tuple(f"{beta:g}" for beta in betas),
        tuple(tuple(found.get((alpha, beta)) for alpha in alphas) for beta in betas),
        "percent",
        tuple(marks),
        ends,
    )


def sheet_of(tables: dict[str, Table], picture: Callable[[int], str]) -> Scatter | None:
    """Vectors of pictures, captions and classes on one sheet, coloured by class; None where the run left none.

    The table `tsne` has a row a vector: x, y, kind ("photo", "caption", "fused", "domain"), side ("picture", "class"),
    class (number), name (of the class), picture (number or null), text. `picture` gives a thumbnail's address.
    """
    try:
        return _sheet(tables["tsne"], picture)
    except (KeyError, ValueError, TypeError, IndexError):
        return None


def _sheet(table: Table, picture: Callable[[int], str]) -> Scatter:
    kinds = {
        ("photo", "picture"): _("Photo"),
        ("caption", "picture"): _("Caption"),
        ("fused", "picture"): _("Enriched photo"),
        ("domain", "class"): _("Class name"),
        ("caption", "class"): _("Caption of the class"),
        ("fused", "class"): _("Enriched class"),
    }
    shapes = {kind: place for place, kind in enumerate(kinds)}
    names = dict(sorted(set(zip(table["class"], map(str, table["name"]), strict=True))))
    colours = {number: place for place, number in enumerate(names)}
    rows: dict[tuple[int, tuple[str, str]], list[int]] = {}
    for i, (number, *kind) in enumerate(zip(table["class"], table["kind"], table["side"], strict=True)):
        rows.setdefault((number, (kind[0], kind[1])), []).append(i)
    groups = []
    for (number, what), mine in sorted(rows.items(), key=lambda entry: (entry[0][0], shapes[entry[0][1]])):
        of = [table["picture"][i] for i in mine]
        groups.append(
            Dots(
                f"{table['name'][mine[0]]}: {kinds[what]}",
                tuple(table["x"][i] for i in mine),
                tuple(table["y"][i] for i in mine),
                tuple(str(table["text"][i] or "") for i in mine),
                tuple("" if one is None else picture(one) for one in of),
                shapes[what],
                colours[number],
            )
        )
    note = _("One joint t-SNE: near is alike, the axes mean nothing else.")
    title = _("Pictures, captions and classes on one sheet")
    return Scatter(title, tuple(groups), note, tuple(kinds.values()), tuple(names.values()))


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
    "sweep_points": _points,
    "ablation": _ablation,
}
_ORDER = {name: place for place, name in enumerate(_KNOWN)}
