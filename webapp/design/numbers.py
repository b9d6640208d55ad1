"""How a measured number is written: value, interval, n, and where its whisker stands on its scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import unquote

from django.utils.translation import gettext, gettext_noop

FORMATS = ("percent", "points", "margin", "fraction", "p", "integer", "decimal", "seconds", "bytes")
_ABSENT = "–"


@dataclass(frozen=True)
class Whisker:
    """Positions on an axis from 0 to 100; `zero` is where the scale passes zero, if it does so inside."""

    low: float
    value: float
    high: float
    zero: float | None


@dataclass(frozen=True)
class Reading:
    """A measured number, ready to be shown; `spoken` is the whole of it in one sentence for screen readers."""

    text: str
    unit: str
    interval: str
    n: str
    spoken: str
    whisker: Whisker | None


def reading(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    format: str = "decimal",
    scale: tuple[float, float] | None = None,
) -> Reading:
    """The number `value` with its interval [low, high] and n; `scale` are the ends of the whisker's axis."""
    if value is None or not math.isfinite(value):
        return Reading(_ABSENT, "", "", "", gettext("not measured"), None)
    text, unit = written(value, format)
    whole = low is not None and high is not None and math.isfinite(low) and math.isfinite(high)
    whole = whole and not (format == "integer" and low == high)  # a count that no resample changes was not estimated
    interval = f"{written(low, format)[0]}–{written(high, format)[0]}" if whole else ""
    if interval and (low < 0 or high < 0):  # type: ignore[operator]
        interval = f"{written(low, format)[0]} to {written(high, format)[0]}"
    count = f"{n:,}" if n is not None else ""
    whisker = _whisker(value, low, high, scale or _scale(low, high, format)) if whole else None  # type: ignore[arg-type]
    return Reading(text, unit, interval, count, _spoken(text, unit, interval, count), whisker)


def written(value: float | None, format: str) -> tuple[str, str]:
    """A value and its unit in one of FORMATS: `written(0.3042, "percent") == ("30.4", "%")`."""
    if value is None or not math.isfinite(value):
        return _ABSENT, ""
    match format:
        case "percent":
            return _signed(value * 100, 1), "%"
        case "points":
            return _signed(value * 100, 1, plus=True), "pp"
        case "margin":
            near = 0 < abs(value) < 0.00005  # lost by ever so little is lost
            return _signed(value, _places(value) if near else 4, plus=True), ""
        case "fraction":
            return _signed(value, 3), ""
        case "p":
            return ("< 0.0001" if value < 0.0001 else f"{value:.4f}"), ""
        case "integer":
            return _signed(value, 0), ""
        case "decimal":
            return _signed(value, _places(value)), ""
        case "seconds":
            return duration(value), ""
        case "bytes":
            return _bytes(value)
    raise ValueError(f"no number format {format!r}: one of {', '.join(FORMATS)}")


def duration(seconds: float | None) -> str:
    """Seconds as people say them: `4.2 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`."""
    if seconds is None or not math.isfinite(seconds):
        return _ABSENT
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


_SHARES = {"recall", "accuracy", "precision", "f1", "hit", "failure_rate"}


def format_of(metric: str) -> str:
    """The format that suits a metric by its name (`val/t2i/recall@1` → percent, `t2i/median_rank` → decimal)."""
    stem = parts_of(metric)[1].partition("@")[0]
    if stem in _SHARES or stem.endswith(("_recall", "_precision", "_f1", "_accuracy")):
        return "percent"
    if stem in {
        "mrr",
        "map",
        "ndcg",
        "kappa",
        "alpha",
        "ac1",
        "bleu",
        "cider",
        "ece",
        "rouge",
    }:
        return "fraction"
    if stem in {"p_value", "p_value_over_control", "p_value_over_full"}:
        return "p"
    if stem in {
        "failures",
        "queries",
        "cases",
        "near_duplicates",
        "near_duplicate_pairs",
        "repaired",
        "broken",
        "items",
        "captions",
        "epochs",
        "steps",
    }:
        return "integer"
    return "points" if stem in ("net", "net_over_control", "net_over_full", "f1_change") else "decimal"


DIRECTIONS = {  # in the order in which people read them
    "t2i": gettext_noop("text → image"), "i2t": gettext_noop("image → text"),
    "classify": gettext_noop("classification"),
    "train": gettext_noop("training"), "val": gettext_noop("held out"), "test": gettext_noop("test"),
    "baseline": gettext_noop("plain baseline"), "untuned": gettext_noop("untuned"), "dev": gettext_noop("development"),
}  # fmt: skip
_WORDS = {
    "mrr": gettext_noop("Mean reciprocal rank"), "map": gettext_noop("Mean average precision"),
    "ndcg": "nDCG", "f1": "F1",
    "recall": gettext_noop("Recall"), "precision": gettext_noop("Precision"), "accuracy": gettext_noop("Accuracy"),
    "median_rank": gettext_noop("Median rank"), "mean_rank": gettext_noop("Mean rank"), "loss": gettext_noop("Loss"),
    "failures": gettext_noop("Failures"), "queries": gettext_noop("Queries"), "cases": gettext_noop("Cases"),
    "failure_rate": gettext_noop("Failure rate"), "learning_rate": gettext_noop("Learning rate"),
    "temperature": gettext_noop("Temperature"), "rsum": gettext_noop("Rsum"), "epoch": gettext_noop("Epoch"),
    "repaired": gettext_noop("Repaired"), "broken": gettext_noop("Broken"), "net": gettext_noop("Net change"),
    "near_duplicates": gettext_noop("Pictures with a near duplicate"),
    "near_duplicate_pairs": gettext_noop("Pairs of near duplicates"),
    "net_over_control": gettext_noop("Net change over the control"),
    "p_value_over_control": gettext_noop("p, against the control"),
    "net_over_full": gettext_noop("Net change over the settings as given"),
    "p_value_over_full": gettext_noop("p, against the settings as given"),
    "baseline_recall": gettext_noop("Recall of the baseline"), "control_recall": gettext_noop("Recall of the control"),
    "p_value": "p", "category_accuracy": gettext_noop("Category predicted right"),
    "ece": gettext_noop("Calibration error"),
}  # fmt: skip


_SLICES = {
    "no-near-duplicates": gettext_noop("without near duplicates"), "baseline": gettext_noop("baseline"),
    "no-op": gettext_noop("no change"), "random-control": gettext_noop("random control"),
    "macro": gettext_noop("mean over classes"),
}  # fmt: skip


def slice_in_words(part: str) -> str:
    """A slice as it was written, for people: those that methods name have words, others are their own.

    `baseline on NAME` is a way of ranking, of a part of the queries.
    """
    name = unquote(part)
    arm, on, of = name.partition(" on ")
    if on and arm in _SLICES:
        return f"{gettext(_SLICES[arm])}, {gettext(_SLICES[of]) if of in _SLICES else of}"
    return gettext(_SLICES[part]) if part in _SLICES else name  # as written: a class may be called macro (%6Dacro)


def label_of(metric: str) -> str:
    """A metric's name in words: `val/t2i/recall@1/hot%20dog` → `Recall@1, held out, text → image · hot dog`."""
    directions, name, part = parts_of(metric)
    stem, at, k = name.partition("@")
    words = gettext(_WORDS.get(stem, stem.replace("_", " ").capitalize())) + at + k
    text = ", ".join([words, *(gettext(DIRECTIONS[direction]) for direction in directions)])
    return f"{text} · {slice_in_words(part)}" if part else text


def parts_of(metric: str) -> tuple[list[str], str, str]:
    """Directions, name, and the slice as it was written, of `[direction/]name[@k][/slice]`."""
    parts = metric.split("/")
    length = 0
    while length < len(parts) - 1 and parts[length] in DIRECTIONS:
        length += 1
    return parts[:length], parts[length], "/".join(parts[length + 1 :])


def _signed(value: float, places: int, plus: bool = False) -> str:
    text = f"{abs(value):,.{places}f}"
    sign = "−" if value < 0 and float(text.replace(",", "")) else ("+" if plus and value > 0 else "")
    return sign + text


def _places(value: float) -> int:
    size = abs(value)
    if size == 0 or size >= 1000:
        return 0
    return 1 if size >= 10 else 2 if size >= 1 else min(6, 2 - math.floor(math.log10(size)))


def _bytes(value: float) -> tuple[str, str]:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return (f"{value:,.0f}" if unit == "B" else f"{value:,.1f}"), unit
        value /= 1024
    return f"{value:,.1f}", "TiB"


def _scale(low: float | None, high: float | None, format: str) -> tuple[float, float]:
    if format in {"percent", "fraction"} and low is not None and high is not None and low >= 0 and high <= 1:
        return 0.0, 1.0
    reach = max(abs(low or 0.0), abs(high or 0.0)) * 1.25 or 1.0
    return (-reach, reach) if (low or 0.0) < 0 else (0.0, reach)


def _whisker(value: float, low: float, high: float, scale: tuple[float, float]) -> Whisker:
    start, end = scale
    width = (end - start) or 1.0

    def place(number: float) -> float:
        return round(min(100.0, max(0.0, 100 * (number - start) / width)), 2)

    zero = place(0.0) if start < 0 < end else None
    return Whisker(place(low), place(value), place(high), zero)


def _spoken(text: str, unit: str, interval: str, n: str) -> str:
    said = f"{text} {unit}".strip()
    if interval:
        said += gettext(", 95 %% interval %(interval)s") % {"interval": interval.replace("–", gettext(" to "))}
    return said + (f", n = {n}" if n else "")
