"""How long answers take: the median with an interval that supposes nothing of how times are spread."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr

from ml_core.metrics.agreement.resampling import Finding
from ml_core.metrics.agreement.sentences import english

_NONE, _FEW = english("no_times"), english("few_times")


def median_time(times_I: np.ndarray, *, level: float = 0.95) -> Finding:
    """The median of times (I,), nan where one is not known, between two order statistics.

    The interval holds the population's median with at least `level` (Conover, Practical Nonparametric Statistics, 1999,
    3.2): each end is the value below which a fair coin has at most (1 − level) / 2. Under six times there is none.
    """
    sorted_K = np.sort(times_I[~np.isnan(times_I)])
    n = len(sorted_K)
    if not n:
        return Finding(None, None, None, 0, _NONE)
    below_K = bdtr(np.arange(n, dtype=np.float64), n, 0.5)  # P(X <= k) of n tosses
    place = int((below_K <= (1 - level) / 2).sum()) - 1
    value = float(np.median(sorted_K))
    if place < 0:
        return Finding(value, None, None, n, _FEW)
    return Finding(value, float(sorted_K[place]), float(sorted_K[n - 1 - place]), n)
