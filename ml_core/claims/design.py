"""Totals over a whole set from labelled samples of its parts: each stratum by its share, intervals put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ml_core.metrics.uncertainty import Estimate, How, by_unit, proportion


def sampled_total(hits_S: np.ndarray, units_S: np.ndarray, population: int, how: How) -> Estimate:
    """How many of a stratum's `population` queries hit, from S labelled ones of which `hits_S` says 1 or 0."""
    return proportion(*by_unit(hits_S, units_S), **how).times(float(population))


def known_total(hits_Q: np.ndarray, units_Q: np.ndarray, how: How) -> Estimate:
    """How many of all Q queries hit where that is known of each; the interval says what a like set would have."""
    return proportion(*by_unit(hits_Q, units_Q), **how).times(float(len(hits_Q)))


def together(parts: Sequence[tuple[int, Estimate]]) -> Estimate:
    """Σ sign · estimate of independent samples: distances to the ends add as squares (Zou, Donner 2008, MOVER)."""
    value = sum(sign * part.value for sign, part in parts)
    below = above = 0.0
    for sign, part in parts:
        low, high = part.low, part.high
        assert low is not None and high is not None  # a proportion always has an interval
        ends = (part.value - low, high - part.value)
        down, up = ends if sign > 0 else ends[::-1]
        below, above = below + down * down, above + up * up
    return Estimate(value, value - below**0.5, value + above**0.5, sum(part.n for _, part in parts))
