"""How large a paired difference is, with an interval that resamples whole units."""

from __future__ import annotations

import numpy as np

from ml_core.metrics.uncertainty import RESAMPLES, Estimate, alike, by_unit, ends, wilson


def paired_bootstrap(
    before_Q: np.ndarray, after_Q: np.ndarray, units_Q: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean of after minus before over Q queries, 95 % percentile interval over resampled units, n = units.

    Scores may be hits or graded. Where no query changed, every resample says 0, though a change may have been missed:
    the interval then reaches as far as Wilson's for none of the units, both ways. Where all units changed by the same
    rate, however many queries each has, it reaches back to as much of that as Wilson's lower end for all of them, for
    units that were missed may not have changed. That holds of graded scores as of hits: scores twice as large have an
    interval twice as large. No interval of a single unit that changed. ValueError for no query, lengths that differ,
    or a score that is not finite.
    """
    change_Q = np.asarray(after_Q, dtype=np.float64) - np.asarray(before_Q, dtype=np.float64)
    if not len(change_Q) or len(change_Q) != len(units_Q):
        raise ValueError(f"there are {len(change_Q)} pairs of scores of {len(units_Q)} queries")
    if not np.isfinite(change_Q).all():
        raise ValueError(f"the scores of query {int(np.argmin(np.isfinite(change_Q)))} are not finite")
    sums_U, counts_U = by_unit(change_Q, np.asarray(units_Q))
    return paired_bootstraps(sums_U[:, None], counts_U, resamples=resamples, seed=seed)[0]


def paired_bootstraps(
    sums_US: np.ndarray, counts_U: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Estimate]:
    """The same of S changes of the same queries, given as sums by unit: all from the same resamples."""
    units = len(counts_U)
    values_S = sums_US.sum(0) / counts_U.sum()
    none_S = np.logical_not(sums_US.any(0))
    alike_S = alike(sums_US, counts_U)
    low_S, high_S = np.zeros(len(values_S)), np.zeros(len(values_S))
    drawn_S = ~none_S & ~alike_S
    if units > 1 and drawn_S.any():
        low_S[drawn_S], high_S[drawn_S] = ends(sums_US[:, drawn_S], counts_U, resamples=resamples, seed=seed)
    reach, least_share = wilson(0, units)[1], wilson(units, units)[0]
    found = []
    for number, value in enumerate(values_S.tolist()):
        low: float | None = float(low_S[number])
        high: float | None = float(high_S[number])
        if none_S[number]:
            low, high = -reach, reach
        elif units == 1:
            low, high = None, None
        elif alike_S[number]:  # every resample says the same, though a unit that differs may have been missed
            low, high = sorted((value * least_share, value))
        found.append(Estimate(value, low, high, units))
    return found
