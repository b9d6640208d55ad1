"""Estimates and verdicts as plain values for JSON."""

from __future__ import annotations

from typing import Any

from ml_core.metrics.significance.verdict import Verdict
from ml_core.metrics.uncertainty import Estimate

CELLS = ("repaired", "broken", "still_wrong", "wrong_differently", "still_right")


def plain(estimate: Estimate) -> dict[str, Any]:
    """An estimate's value, low, high, n; low and high are None where there is no interval."""
    return estimate._asdict()


def no_gain(card: dict[str, Any]) -> dict[str, Any]:
    """The same without net and p: on queries that the baseline's own outcome chose, any change looks like a gain, so
    neither stands anywhere without a control beside it. The counts stay."""
    return card | {"net": {"value": None, "low": None, "high": None, "n": card["net"]["n"]}, "p": None}


def plain_verdict(found: Verdict) -> dict[str, Any]:
    """A verdict's counts, net change, p, adjusted p and whether it is shown."""
    return {
        "n": found.n,
        "units": found.units,
        **{cell: getattr(found, cell) for cell in CELLS},
        "net": plain(found.net),
        "p": found.p,
        "test": found.test,
        "adjusted": found.adjusted,
        "shown": found.shown,
    }
