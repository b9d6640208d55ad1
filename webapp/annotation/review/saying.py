"""What reports on labels say beside their numbers, in the reader's language; ml_core gives codes and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

Names = Callable[[str], str]  # what a category or a stratum is called here
_SHARES = frozenset({"percent", "share", "agreement"})

# Code of ml_core.metrics.agreement.sentences → the text; `count` chooses where something is counted.
TEXTS: dict[str, Any] = {
    "no_pair": _("no sample has labels of two annotators"),
    "one_category": _("only one category occurs, so agreement by chance is certain and this is not defined"),
    "nobody_else": _("nobody else labelled the same samples"),
    "hardly_differ": _("too many resamples leave it undefined: the labels hardly differ"),
    "truth_unlabelled": _("none of the samples whose truth is known has been labelled"),
    "no_common_item": _("no sample has both"),
    "no_times": _("no answer says how long it took"),
    "few_times": _("fewer than six answers say how long they took: too few for an interval"),
    "no_first_choice": _("no first choice was kept"),
    "nothing_labelled": _("Nothing is labelled yet."),
    "no_overlap": _("No sample has labels of two annotators, so agreement cannot be told."),
    "few_overlap": ngettext_lazy(
        "Only %(n)s sample has two labels or more: intervals are wide.",
        "Only %(n)s samples have two labels or more: intervals are wide.",
        "count",
    ),
    "not_settled": _("Dawid and Skene's consensus had not settled after its last iteration."),
    "pairs_left_out": ngettext_lazy(
        "%(n)s pair of annotators with the fewest samples in common is not shown.",
        "%(n)s pairs of annotators with the fewest samples in common are not shown.",
        "count",
    ),
    "paradox": _(
        "Annotators agree in %(percent)s of pairs, and %(share)s of their labels are %(category)s. Where one category "
        "is that frequent, agreement by chance is high and κ is low (%(kappa)s) even though people agree: read AC1 and "
        "the percentage beside it."
    ),
    "paradox_undefined": _(
        "Annotators agree in %(percent)s of pairs, and %(share)s of their labels are %(category)s. With one category "
        "alone, κ and α are not defined: they say nothing about how well people agree."
    ),
    "gold_would_do": ngettext_lazy(
        "Not enough to correct for label error: annotators agree in %(agreement)s of pairs only, too little to tell "
        "their errors from labels alone; %(n)s more gold sample would do.",
        "Not enough to correct for label error: annotators agree in %(agreement)s of pairs only, too little to tell "
        "their errors from labels alone; %(n)s more gold samples would do.",
        "count",
    ),
    "gold_or_overlap": ngettext_lazy(
        "Not enough to correct for label error: more gold samples are wanted (%(gold)s), or %(n)s more sample labelled "
        "by three annotators.",
        "Not enough to correct for label error: more gold samples are wanted (%(gold)s), or %(n)s more samples "
        "labelled by three annotators.",
        "count",
    ),
    "gold_or_third": ngettext_lazy(
        "Not enough to correct for label error: more gold samples are wanted (%(gold)s), or %(n)s more sample labelled "
        "by three annotators, for which a third annotator has to join.",
        "Not enough to correct for label error: more gold samples are wanted (%(gold)s), or %(n)s more samples "
        "labelled by three annotators, for which a third annotator has to join.",
        "count",
    ),
    "empty_strata": ngettext_lazy(
        "No sample of %(strata)s is labelled: its %(n)s failure is taken to be like the rest.",
        "No sample of %(strata)s is labelled: its %(n)s failures are taken to be like the rest.",
        "count",
    ),
    "unlabelled": ngettext_lazy(
        "%(n)s sample has no label yet; it is taken to be like the others of its stratum.",
        "%(n)s samples have no label yet; they are taken to be like the others of their stratum.",
        "count",
    ),
    "as_labelled": _("Shares are as labelled; their intervals allow for label error as far as annotators disagree."),
    "nowhere_disagree": _(
        "Annotators nowhere disagree, or no sample has two labels: intervals say nothing of label error."
    ),
}


def in_words(told: Mapping[str, Any] | None, fallback: str = "", names: Names = str) -> str:
    """A sentence {"code", "numbers"} of a report; `fallback` where there is none, as in reports of earlier versions."""
    if not told or told["code"] not in TEXTS:
        return fallback
    numbers = told["numbers"]
    text = TEXTS[told["code"]]
    return str(text % {"count": numbers.get("n", 0), **_shown(numbers, names)} if numbers else text)


def lines(report: Mapping[str, Any], names: Names = str) -> list[str]:
    """The warnings of a report."""
    told = report.get("said")
    return [str(line) for line in report["warnings"]] if told is None else [in_words(one, "", names) for one in told]


def why(estimate: Mapping[str, Any]) -> str:
    """Why an estimate has no value or no interval; empty where it has both."""
    return in_words({"code": estimate.get("code", ""), "numbers": {}}, str(estimate.get("why") or ""))


def explained(estimate: Mapping[str, Any]) -> dict[str, Any]:
    """The estimate with its `why` in the reader's language."""
    return {**estimate, "why": why(estimate)}


def _shown(numbers: Mapping[str, Any], names: Names) -> dict[str, str]:
    def one(name: str, value: Any) -> str:
        if isinstance(value, list):
            return ", ".join(map(names, value))
        if isinstance(value, str):
            return names(value)
        if isinstance(value, int):
            return f"{value:,}"
        return f"{value:.0%}" if name in _SHARES else f"{value:.2f}"

    return {name: one(name, value) for name, value in numbers.items()}
