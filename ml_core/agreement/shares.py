"""The shares of all failures that a labelled sample speaks for, as plain values for JSON; workers call it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ml_core.agreement.report import Row


def shares_report(
    rows: Iterable[Row | Sequence[Any]],
    *,
    taxonomy_keys: Sequence[str],
    strata: Mapping[str, str],
    population: Mapping[str, int],
    gold: Mapping[str, str] | None = None,
    decided: Mapping[str, str] | None = None,
    rule: str = "consensus",
    groups: Mapping[str, Sequence[str]] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Shares of the categories in the sample and among all failures, each with its 95 % interval, for JSON.

    `strata` gives the stratum of every sampled item that was to be labelled ("" for all where there are none),
    `population` how many failures each stratum has. `gold` are planted truths, `decided` what reviewers decided.
    `rule` settles the rest: "consensus" (Dawid–Skene) or "majority". `groups` names sums of categories, such as
    {"ambiguous": ["ambiguous"], "clear": [all others]}. EST as in agreement_report.

    {
     "items": 180, "population": 17389, "resamples": …, "seed": …,
     "sample": {category: EST},        # each item once, by its settled label, unweighted
     "all": {category: EST},           # among all failures: weighted by stratum, corrected where `corrected`
     "uncorrected": {category: EST},   # the same as labelled, sampling alone in the interval
     "groups": {name: {"sample": EST, "all": EST}},
     "corrected": bool, "by": "gold" | "overlap" | "",
     "why": "not enough: …",           # where it is not corrected: what is missing and how many more
     "needed": {"gold": 20, "overlap": 70},
     "gold_items": 0, "overlap_items": 30,
     "strata": [{"name", "population", "labelled", "weight"}],
     "warnings": ["…"],
    }
    """
    raise NotImplementedError
