"""Runs that differ in their seed alone, taken together: mean and interval of each metric, bands of curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import t

from ml_core.claims.plan import ALL, Plan
from ml_core.claims.ranks import CURVE, recall_curve
from ml_core.claims.slices import Slice
from ml_core.metrics.uncertainty import LEVEL
from ml_core.spec import BadInput


def groups_of(
    metrics: Mapping[str, Mapping[str, Any]], slices: Mapping[str, Mapping[str, Slice]], plan: Plan
) -> dict[str, Any]:
    """Group → its runs, each metric over its seeds, and each direction's curve with its band.

    {"runs": [...], "metrics": {name: {"value", "low", "high", "n", "lowest", "highest"}},   # n seeds; Student's t
     "curves": {direction: {"k": [...], "mean": [...], "lowest": [...], "highest": [...]}}}
    """
    found = {}
    for name, runs in plan.groups.items():
        if unknown := [run for run in runs if run not in plan.runs]:
            raise BadInput(f"group {name!r} names run {unknown[0]}, which is not compared", field="groups")
        if not runs:
            raise BadInput(f"group {name!r} has no run", field="groups")
        values = {metric: np.array([metrics[run][metric]["value"] for run in runs]) for metric in metrics[runs[0]]}
        found[name] = {
            "runs": list(runs),
            "metrics": {metric: over_seeds(values_S) for metric, values_S in values.items()},
            "curves": {way: _band([named[ALL].field.rank[run] for run in runs]) for way, named in slices.items()},
        }
    return found


def over_seeds(values_S: np.ndarray) -> dict[str, Any]:
    """Mean of S seeds with Student's 95 % interval (none for one seed), lowest and highest."""
    mean, seeds = float(values_S.mean()), len(values_S)
    low = high = None
    if seeds > 1:
        half = float(t.ppf((1 + LEVEL) / 2, seeds - 1) * values_S.std(ddof=1) / np.sqrt(seeds))
        low, high = mean - half, mean + half
    ends = {"lowest": float(values_S.min()), "highest": float(values_S.max())}
    return {"value": mean, "low": low, "high": high, "n": seeds, **ends}


def _band(ranks: list[np.ndarray]) -> dict[str, list[float]]:
    curves_SK = np.array([recall_curve(rank_Q) for rank_Q in ranks])
    return {
        "k": list(range(1, CURVE + 1)),
        "mean": curves_SK.mean(0).tolist(),
        "lowest": curves_SK.min(0).tolist(),
        "highest": curves_SK.max(0).tolist(),
    }
