"""An agreement report as its page and its files show it: words, tables, plots. Asks no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.annotation.review import saying
from webapp.design.plots import Plot, Series

Report = Mapping[str, Any]
Estimate = Mapping[str, Any]
DOUBTFUL = 0.9  # a posterior below it is looked at
_COEFFICIENTS = {
    "percent_agreement": (
        gettext_lazy("Percent agreement"),
        gettext_lazy("How often two annotators of a sample say the same. Says nothing of chance."),
    ),
    "krippendorff_alpha": (
        gettext_lazy("Krippendorff's α"),
        gettext_lazy("Agreement beyond chance, for any number of annotators and with gaps. 1 is perfect, 0 is chance."),
    ),
    "fleiss_kappa": (
        gettext_lazy("Fleiss' κ"),
        gettext_lazy("Agreement beyond chance, as if every answer were drawn from one common mix of categories."),
    ),
    "gwet_ac1": (
        gettext_lazy("Gwet's AC1"),
        gettext_lazy("Agreement beyond chance that stays steady where one category dominates."),
    ),
}


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of the headline; `share`: it is read in percent."""

    name: str
    meaning: str
    estimate: Estimate
    share: bool


@dataclass(frozen=True)
class Square:
    """A cell of a confusion matrix: how often a said the row and b the column; `shade` 0 to 4, `url` to its samples."""

    count: int
    shade: int
    same: bool
    a: str
    b: str
    x: str
    y: str


@dataclass(frozen=True)
class Matrix:
    """What two annotators said of the samples that both labelled."""

    a: str
    b: str
    n: int
    rows: tuple[tuple[str, tuple[Square, ...], int], ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Doubt:
    """A sample on which majority and consensus differ, or the consensus is unsure."""

    item: str
    answers: str
    majority: str
    consensus: str
    posterior: float


def coefficients(report: Report) -> list[Coefficient]:
    """The headline, in the order in which people read it."""
    found = report["coefficients"]
    return [
        Coefficient(str(name), str(words), saying.explained(found[key]), key.startswith("percent"))
        for key, (name, words) in _COEFFICIENTS.items()
    ]


def pairs(report: Report) -> list[dict[str, Any]]:
    """The pairs of annotators with their estimates."""
    kinds = ("percent_agreement", "cohen_kappa")
    return [{**pair, **{kind: saying.explained(pair[kind]) for kind in kinds}} for pair in report["pairs"]]


def timing(report: Report) -> list[dict[str, Any]]:
    """For each annotator the time to the first choice and to the answer, and how often the first choice was changed.

    [] where a report of an earlier version does not have them, or no answer says how long it took.
    """
    kinds = ("first_choice", "answering", "changed")
    rows = [row for row in report["annotators_measured"] if "answering" in row]
    if not any(row[kind]["n"] for row in rows for kind in kinds):
        return []
    return [{"annotator": row["annotator"], **{kind: saying.explained(row[kind]) for kind in kinds}} for row in rows]


def paradox(report: Report, names: Mapping[str, str]) -> str:
    """Why κ misleads here; empty where it does not."""
    return saying.in_words(report["paradox"].get("said"), report["paradox"]["sentence"], _called(names))


def warnings(report: Report, names: Mapping[str, str]) -> list[str]:
    """What else is to be known, without the paradox."""
    said = paradox(report, names)
    return [line for line in saying.lines(report, _called(names)) if line != said]


def _called(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda key: names.get(key, key)


def matrices(report: Report, names: Mapping[str, str]) -> list[Matrix]:
    """A confusion matrix for each pair of annotators."""
    keys = report["categories"]
    found = []
    for pair in report["pairs"]:
        most = max((count for row in pair["confusion"] for count in row), default=0) or 1
        rows = tuple(
            (
                names.get(key, key),
                tuple(
                    Square(count, _shade(count, most), key == other, pair["a"], pair["b"], key, other)
                    for other, count in zip(keys, row, strict=True)
                ),
                sum(row),
            )
            for key, row in zip(keys, pair["confusion"], strict=True)
        )
        found.append(Matrix(pair["a"], pair["b"], pair["n"], rows, tuple(names.get(key, key) for key in keys)))
    return found


def doubts(report: Report, names: Mapping[str, str], limit: int = 100) -> list[Doubt]:
    """Samples of several answers whose majority is tied, is not the consensus, or whose consensus is unsure."""
    found = []
    for item, row in report["consensus"].items():
        if len(row["answers"]) < 2:
            continue
        if row["tie"] or row["majority"] != row["dawid_skene"] or row["posterior"] < DOUBTFUL:
            found.append(
                Doubt(
                    item,
                    ", ".join(f"{letter}: {names.get(said, said)}" for letter, said in sorted(row["answers"].items())),
                    " / ".join(names.get(key, key) for key in row["tie"])
                    or names.get(row["majority"], row["majority"] or ""),
                    names.get(row["dawid_skene"], row["dawid_skene"]),
                    row["posterior"],
                )
            )
    return sorted(found, key=lambda doubt: doubt.posterior)[:limit]


def plots(report: Report, names: Mapping[str, str], people: Mapping[str, str]) -> list[tuple[str, Plot]]:
    """(id, plot): leaning, agreement along the way, leaning and speed along the way."""
    found = [("plot-leaning", _leaning(report, names, people))] if report["bias"] else []
    if report["over_time"]:
        found.append(("plot-time", _over_time(report)))
    if any(len(entry["windows"]) > 1 for entry in report["drift"]):
        found.append(("plot-drift", _drift(report, people, "agrees_with_others")))
        found.append(("plot-shift", _shift(report, names, people)))
        found.append(("plot-speed", _speed(report, people)))
    return found


def _leaning(report: Report, names: Mapping[str, str], people: Mapping[str, str]) -> Plot:
    keys = report["categories"]
    by = {(row["annotator"], row["category"]): row["difference"] for row in report["bias"]}
    series = tuple(
        _series(people.get(letter, letter), [by.get((letter, key), {}) for key in keys])
        for letter in report["annotators"]
    )
    note = _("Share of answers with a category, less the others' share on the same samples. Above zero: said oftener.")
    title, y_label = _("Who leans where"), _("Difference in share")
    words = tuple(names.get(key, key) for key in keys)
    return Plot("bars", title, _("Category"), y_label, words, series, "decimal", x_scale="category", note=note)


def _over_time(report: Report) -> Plot:
    windows = report["over_time"]
    x = tuple(f"{row['first']}–{row['last']}" for row in windows)
    series = (_series(_("Percent agreement"), [row["percent_agreement"] for row in windows]),)
    note = _("Windows of overlap samples in the order in which their last answer came.")
    labels = _("Overlap samples"), _("Percent agreement")
    return Plot(
        "curve", _("Agreement over time"), *labels, x, series, "percent", x_scale="category", y_range=(0, 1), note=note
    )


def _drift(report: Report, people: Mapping[str, str], what: str) -> Plot:
    count = max(len(entry["windows"]) for entry in report["drift"])
    series = tuple(
        _series(people.get(entry["annotator"], entry["annotator"]), _padded([w[what] for w in entry["windows"]], count))
        for entry in report["drift"]
    )
    note = _("Each annotator's own answers in windows from the first to the last.")
    labels = _("Window"), _("Agrees with the others")
    x = tuple(str(number) for number in range(1, count + 1))
    return Plot("curve", _("Drift"), *labels, x, series, "percent", x_scale="category", y_range=(0, 1), note=note)


def _shift(report: Report, names: Mapping[str, str], people: Mapping[str, str]) -> Plot:
    count = max(len(entry["windows"]) for entry in report["drift"])
    series = []
    for entry in report["drift"]:
        if not entry["windows"]:
            continue
        shares = {key: [window["shares"][key] for window in entry["windows"]] for key in report["categories"]}
        key = max(shares, key=lambda name: max(shares[name]) - min(shares[name]))
        who = people.get(entry["annotator"], entry["annotator"])
        said = tuple(shares[key] + [None] * (count - len(shares[key])))
        series.append(Series(f"{who} · {names.get(key, key)}", said))
    note = _("Of each annotator the category whose share changed most, window by window. The CSV has every share.")
    labels = _("Window"), _("Share of their answers")
    x = tuple(str(number) for number in range(1, count + 1))
    title = _("Leaning over time")
    return Plot("curve", title, *labels, x, tuple(series), "percent", x_scale="category", y_range=(0, 1), note=note)


def _speed(report: Report, people: Mapping[str, str]) -> Plot:
    count = max(len(entry["windows"]) for entry in report["drift"])
    series = tuple(
        Series(
            people.get(entry["annotator"], entry["annotator"]),
            tuple([w["seconds"] for w in entry["windows"]] + [None] * (count - len(entry["windows"]))),
        )
        for entry in report["drift"]
    )
    x = tuple(str(number) for number in range(1, count + 1))
    return Plot(
        "curve", _("Speed"), _("Window"), _("Median seconds a sample"), x, series, "decimal", x_scale="category"
    )


def errors(matrix: Sequence[Sequence[float]] | None, names: Sequence[str]) -> list[tuple[str, list[tuple[float, int]]]]:
    """By the consensus's estimate, how often an annotator says each category (share, shade) where the row is true."""
    if matrix is None:
        return []
    return [(name, [(share, round(4 * share)) for share in row]) for name, row in zip(names, matrix, strict=True)]


def tables(report: Report) -> Iterator[list[Any]]:
    """Every number of the report as rows of one CSV: part, name, of, value, low, high, n, note."""
    yield ["part", "name", "of", "value", "low", "high", "n", "note"]
    for key, estimate in report["coefficients"].items():
        yield ["coefficient", key, "", *_cells(estimate)]
    for pair in report["pairs"]:
        for key in ("percent_agreement", "cohen_kappa"):
            yield ["pair", key, f"{pair['a']}-{pair['b']}", *_cells(pair[key])]
    for row in report["bias"]:
        yield ["leaning", row["category"], row["annotator"], *_cells(row["difference"])]
    for key, found in report["accuracy"].items():
        if key != "annotators":
            yield ["accuracy", key, "", *_cells(found)]
    for who, estimate in report["accuracy"].get("annotators", {}).items():
        yield ["annotator", "gold_accuracy", who, *_cells(estimate)]
    for row in report["annotators_measured"]:
        yield ["annotator", "agrees_with_others", row["annotator"], *_cells(row["agrees_with_others"])]
        yield ["annotator", "seconds", row["annotator"], row["seconds"], "", "", row["answers"], ""]
        yield ["annotator", "estimated_accuracy", row["annotator"], row["estimated_accuracy"], "", "", "", ""]
        for key in ("first_choice", "answering", "changed"):
            if key in row:
                yield ["annotator", key, row["annotator"], *_cells(row[key])]
    for row in report["over_time"]:
        yield ["over time", "percent_agreement", f"{row['first']}-{row['last']}", *_cells(row["percent_agreement"])]


def confusions(report: Report) -> Iterator[list[Any]]:
    """Every cell of every confusion matrix: a, b, what a said, what b said, how often."""
    yield ["a", "b", "a_said", "b_said", "count"]
    for pair in report["pairs"]:
        for said, row in zip(report["categories"], pair["confusion"], strict=True):
            for other, count in zip(report["categories"], row, strict=True):
                yield [pair["a"], pair["b"], said, other, count]


def error_rates(report: Report) -> Iterator[list[Any]]:
    """Dawid and Skene's error rates: annotator, the truth, what is said, how often."""
    yield ["annotator", "truth", "said", "share"]
    for row in report["annotators_measured"]:
        for true, shares in zip(report["categories"], row["errors"] or (), strict=False):
            for said, share in zip(report["categories"], shares, strict=True):
                yield [row["annotator"], true, said, share]


def windows(report: Report) -> Iterator[list[Any]]:
    """Drift and speed: each annotator's windows of answers, with the share of every category in them."""
    shares = [f"share_{key}" for key in report["categories"]]
    yield ["annotator", "first", "last", "seconds", "agrees_with_others", "low", "high", "n", *shares]
    for entry in report["drift"]:
        for window in entry["windows"]:
            found = [window["agrees_with_others"].get(name) for name in ("value", "low", "high", "n")]
            said = [window["shares"][key] for key in report["categories"]]
            yield [entry["annotator"], window["first"], window["last"], window["seconds"], *found, *said]


def consensus(report: Report) -> Iterator[list[Any]]:
    """Every sample's majority and consensus with its posterior."""
    yield ["item", "answers", "majority", "tie", "dawid_skene", "posterior"]
    for item, row in report["consensus"].items():
        tie = "|".join(row["tie"])
        said = " ".join(f"{letter}:{label}" for letter, label in sorted(row["answers"].items()))
        yield [item, said, row["majority"] or "", tie, row["dawid_skene"], row["posterior"]]


def _cells(estimate: Estimate) -> list[Any]:
    return [estimate.get(name) for name in ("value", "low", "high", "n")] + [estimate.get("why") or ""]


def _series(name: str, estimates: Sequence[Estimate]) -> Series:
    def column(key: str) -> tuple[Any, ...]:
        return tuple(estimate.get(key) for estimate in estimates)

    return Series(name, column("value"), column("low"), column("high"), column("n"))


def _padded(estimates: list[Estimate], count: int) -> list[Estimate]:
    return estimates + [{}] * (count - len(estimates))


def _shade(count: int, most: int) -> int:
    return 0 if not count else max(1, min(4, round(4 * count / most)))
