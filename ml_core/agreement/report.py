"""What an agreement page shows, from one campaign's answers to plain values for JSON; loads numpy, so workers call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One answer that stands: who said what of which item. `at` is when, in seconds since 1970; `spent_ms` how long."""

    item: str
    annotator: str
    label: str
    at: float | None = None
    spent_ms: float | None = None


def agreement_report(
    rows: Iterable[Row | Sequence[Any]],
    *,
    taxonomy_keys: Sequence[str],
    truth: Mapping[str, str] | None = None,
    windows: int = 8,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Every number of the agreement page, each with its 95 % interval, as values that JSON can hold.

    `rows` holds at most one answer for an item and annotator, skips and withdrawn answers left out; plain sequences in
    Row's order are rows too. `truth` says the category of gold items. An EST is {"value", "low", "high", "n", "why"}:
    n items stand behind it; value, or low and high, are None where `why` says in words why there is none.

    {
     "items": 180, "overlap": 30, "answers": 240,      # labelled items, those with two labels or more, rows
     "annotators": ["A", …], "categories": [taxonomy_keys …],
     "coefficients": {"percent_agreement": EST, "krippendorff_alpha": EST, "fleiss_kappa": EST, "gwet_ac1": EST},
     "pairs": [{"a", "b", "n", "percent_agreement": EST, "cohen_kappa": EST,
                "confusion": [[int …] …]}],            # rows: what a said, columns: what b said, taxonomy's order
     "bias": [{"annotator", "category", "said": share, "consensus": share, "difference": EST}],
                                                       # on items that others labelled too; n those items
     "accuracy": {"majority_accuracy": EST, "dawid_skene_accuracy": EST, "annotators": {name: EST}},  # {} without truth
     "annotators_measured": [{"annotator", "answers", "overlap", "agrees_with_others": EST, "seconds": median | None,
                "estimated_accuracy": float | None,    # by Dawid–Skene
                "errors": [[float …] …] | None}],      # Dawid–Skene's: rows the truth, columns what was said
     "over_time": [{"first": 1, "last": 4, "start": at, "end": at, "percent_agreement": EST}],
                                                       # windows of overlap items by when their last answer came
     "drift": [{"annotator", "windows": [{"first", "last", "start", "end", "seconds": median | None,
                "shares": {category: share}, "agrees_with_others": EST}]}],       # windows of one's own answers
     "consensus": {item: {"answers": {annotator: label}, "majority": label | None, "tie": [labels] | [],
                "dawid_skene": label, "posterior": float, "posteriors": {label: float}}},
     "tie_share": float,                               # of overlap items, those without one most frequent label
     "dawid_skene": {"iterations", "converged", "priors": {category: share}},
     "paradox": {"prevalence_index", "bias_index", "dominating": category | None, "sentence": "" | "…"},
     "warnings": ["…"],
     "resamples": 2000, "seed": 0,
    }
    """
    raise NotImplementedError
