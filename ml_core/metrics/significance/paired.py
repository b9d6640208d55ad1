"""How large a paired difference is, with an interval that resamples whole units."""

from __future__ import annotations

import numpy as np

from ml_core.metrics.uncertainty import RESAMPLES, Estimate, by_unit, means, percentiles, wilson


def paired_bootstrap(
    before_Q: np.ndarray, after_Q: np.ndarray, units_Q: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean of after minus before over Q queries, 95 % percentile interval over resampled units, n = units.

    Scores may be hits or graded. Where no query changed, every resample says 0, though a change may have been missed:
    the interval then reaches as far as Wilson's for none of the units, both ways. Where hits of all units changed
    alike, it reaches back to Wilson's lower end for all of them. No interval of a single unit that changed. ValueError
    for no query, lengths that differ, or a score that is not finite.
    """
    change_Q = np.asarray(after_Q, dtype=np.float64) - np.asarray(before_Q, dtype=np.float64)
    if not len(change_Q) or len(change_Q) != len(units_Q):
        raise ValueError(f"there are {len(change_Q)} pairs of scores of {len(units_Q)} queries")
    if not np.isfinite(change_Q).all():
        raise ValueError(f"the scores of query {int(np.argmin(np.isfinite(change_Q)))} are not finite")
    sums_U, counts_U = by_unit(change_Q, np.asarray(units_Q))
    if not change_Q.any():
        reach = wilson(0, len(counts_U))[1]
        return Estimate(0.0, -reach, reach, len(counts_U))
    if (np.rint(sums_U) == sums_U).all():
        return _of_hits(sums_U.astype(np.int64), counts_U, resamples, seed)
    return means(sums_U[:, None], counts_U, fractions=[False], resamples=resamples, seed=seed)[0]


def _of_hits(sums_U: np.ndarray, counts_U: np.ndarray, resamples: int, seed: int) -> Estimate:
    """Units that changed alike are alike: a resample is one multinomial draw over the distinct (sum, count) pairs."""
    units, value = len(counts_U), float(sums_U.sum() / counts_U.sum())
    if units == 1:
        return Estimate(value, None, None, 1)
    least, width = int(sums_U.min()), int(counts_U.max()) + 1
    codes_P, numbers_P = np.unique((sums_U - least) * width + counts_U, return_counts=True)
    kinds_P2 = np.column_stack([codes_P // width + least, codes_P % width])
    if len(numbers_P) == 1:  # every resample says the same, though a unit that differs may have been missed
        least_share = wilson(units, units)[0]
        low, high = sorted((value * least_share, value))
        return Estimate(value, low, high, units)
    draws_BP = np.random.default_rng(seed).multinomial(units, numbers_P / units, size=resamples)
    drawn_B2 = draws_BP @ kinds_P2
    return Estimate(value, *percentiles(drawn_B2[:, 0] / drawn_B2[:, 1]), units)
