"""Runs that differ in their seed alone, taken together: metrics over seeds, bands of curves, change by query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from ml_core.claims.plain import no_gain, plain
from ml_core.claims.plan import ALL, Plan
from ml_core.claims.ranks import CURVE, recall_curve
from ml_core.claims.slices import Slice
from ml_core.metrics.significance.families import holm
from ml_core.metrics.significance.paired import paired_bootstrap
from ml_core.metrics.significance.signflip import sign_flip
from ml_core.metrics.uncertainty import LEVEL, How
from ml_core.spec import BadInput

Slices = Mapping[str, Mapping[str, Slice]]


def groups_of(metrics: Mapping[str, Mapping[str, Any]], slices: Slices, plan: Plan, how: How) -> dict[str, Any]:
    """Group → its runs, each metric over its seeds, each direction's curve with its band, its change by slice.

    The change is against the group that holds the baseline, or the baseline alone; all groups' changes are one family
    of Holm's, without the slices that the baseline chose.
    """
    found: dict[str, Any] = {}
    for name, runs in plan.groups.items():
        _check(name, runs, plan)
        values = {metric: np.array([metrics[run][metric]["value"] for run in runs]) for metric in metrics[runs[0]]}
        against = _against(plan)
        found[name] = {
            "runs": list(runs),
            "metrics": {metric: over_seeds(values_S) for metric, values_S in values.items()},
            "curves": {way: _band([named[ALL].field.rank[run] for run in runs]) for way, named in slices.items()},
            "against": list(against),
            "changes": {} if plan.baseline in runs else _changes(runs, against, slices, how),
        }
    _judge({name: group for name, group in found.items() if not _seen(group, plan)}, plan.level)
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


def _check(name: str, runs: Sequence[str], plan: Plan) -> None:
    if not runs:
        raise BadInput(f"group {name!r} has no run", field="groups")
    if len(set(runs)) < len(runs):
        raise BadInput(f"group {name!r} names a run twice", field="groups")
    if unknown := [run for run in runs if run not in plan.runs]:
        raise BadInput(f"group {name!r} names run {unknown[0]}, which is not compared", field="groups")


def _against(plan: Plan) -> Sequence[str]:
    return next((runs for runs in plan.groups.values() if plan.baseline in runs), (plan.baseline,))


def _changes(runs: Sequence[str], against: Sequence[str], slices: Slices, how: How) -> dict[str, Any]:
    """Direction → slice → mean change of a query's hits over the seeds, with the sign-flip test by unit."""
    return {
        way: {name: _change(part, runs, against, how) for name, part in named.items()} for way, named in slices.items()
    }


def _change(part: Slice, runs: Sequence[str], against: Sequence[str], how: How) -> dict[str, Any]:
    """Hits are counted in whole numbers (each side times the other's seeds), so that the test is exact."""
    after_Q, before_Q = (_hits(part, side) * len(other) for side, other in ((runs, against), (against, runs)))
    net = paired_bootstrap(before_Q, after_Q, part.field.unit_Q, **how)
    if (after_Q != before_Q).any():  # where nothing changed the interval is one of shares already
        net = net.times(1 / (len(runs) * len(against)))
    p = sign_flip(after_Q - before_Q, part.field.unit_Q, seed=how["seed"])
    unjudged = {"adjusted": None, "shown": False, "judged": False}
    card = {"net": plain(net), "p": p, "test": "sign_flip", **unjudged, "selection": part.selection}
    return no_gain(card) if part.selection else card


def _hits(part: Slice, runs: Sequence[str]) -> np.ndarray:
    """How many of the runs have a query right: (Q,) int."""
    return np.sum([part.field.rank[run] == 1 for run in runs], axis=0)


def _seen(group: dict[str, Any], plan: Plan) -> bool:
    """Whether a model of the group, or of the one it is held against, was trained on the data."""
    return not set(plan.seen).isdisjoint({*group["runs"], *group["against"]})


def _judge(groups: dict[str, Any], level: float) -> None:
    cards = [
        card
        for group in groups.values()
        for named in group["changes"].values()
        for card in named.values()
        if not card["selection"]
    ]
    for card, adjusted in zip(cards, holm([card["p"] for card in cards]) if cards else (), strict=True):
        low, high = card["net"]["low"], card["net"]["high"]
        clear = low is not None and (low > 0 or high < 0)
        card |= {"adjusted": float(adjusted), "shown": bool(adjusted < level) and clear, "judged": True}


def _band(ranks: list[np.ndarray]) -> dict[str, list[float]]:
    curves_SK = np.array([recall_curve(rank_Q) for rank_Q in ranks])
    return {
        "k": list(range(1, CURVE + 1)),
        "mean": curves_SK.mean(0).tolist(),
        "lowest": curves_SK.min(0).tolist(),
        "highest": curves_SK.max(0).tolist(),
    }
