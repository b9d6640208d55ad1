"""McNemar's exact test for queries that stand alone, and how many of them an effect needs to be seen."""

from __future__ import annotations

import numpy as np
from scipy.special import bdtr, gammaln, xlogy

_MOST_ITEMS = 10_000_000
_SPREAD = 12.0  # standard deviations of the number of discordant items that are summed over
_TEETH = 100  # queries beyond the first number found that are looked at: with many the saw is smooth


def exact_mcnemar(repaired: int, broken: int) -> float:
    """Two-sided p of as uneven a split of the discordant queries, each being repaired or broken with chance one half.

    Twice the smaller tail of Bin(repaired + broken, 1/2), at most 1 (McNemar 1947; Fagerland et al. 2013, eq. 3).
    Five repaired and none broken give 0.0625. ValueError for a negative count.
    """
    if repaired < 0 or broken < 0:
        raise ValueError(f"counts are not negative: {repaired} repaired, {broken} broken")
    return float(min(1.0, 2 * bdtr(min(repaired, broken), repaired + broken, 0.5)))


def mcnemar_power(repaired_share: float, broken_share: float, n: int, level: float = 0.05) -> float:
    """Chance that the exact test on `n` queries has p ≤ `level`, where these shares of all queries are repaired and
    broken. Exact: summed over the number of discordant queries and how they split (Duffy 1984)."""
    _check(repaired_share, broken_share, level)
    discordant = repaired_share + broken_share
    if n < 1 or discordant == 0:
        return 0.0
    middle, spread = n * discordant, np.sqrt(n * discordant * (1 - discordant))
    low = max(0, int(middle - _SPREAD * spread) - 1)
    numbers_M = np.arange(low, min(n, int(middle + _SPREAD * spread) + 2) + 1)
    edges_M = _edges(numbers_M, level)
    share = repaired_share / discordant
    seen_M = edges_M >= 0
    held_M, edge_M = numbers_M[seen_M], edges_M[seen_M]
    rejected_M = bdtr(edge_M, held_M, share) + bdtr(edge_M, held_M, 1 - share)
    return float(min(1.0, (_binomial(numbers_M[seen_M], n, discordant) * rejected_M).sum()))


def items_needed(repaired_share: float, broken_share: float, power: float = 0.8, level: float = 0.05) -> int | None:
    """The fewest queries from which on the exact test keeps at least this power; None where no number does.

    The power of an exact test is a saw: the answer lies behind its last tooth below `power`.
    """
    _check(repaired_share, broken_share, level)
    if not 0 < power < 1:
        raise ValueError(f"power lies between 0 and 1: {power}")
    if repaired_share == broken_share:
        return None
    high = 1
    while mcnemar_power(repaired_share, broken_share, high, level) < power:
        high *= 2
        if high > _MOST_ITEMS:
            return None
    low = high // 2
    while low + 1 < high:
        half = (low + high) // 2
        low, high = (low, half) if mcnemar_power(repaired_share, broken_share, half, level) >= power else (half, high)
    reach = range(high + max(20, min(high // 10, _TEETH)), high - 1, -1)
    below = (n for n in reach if mcnemar_power(repaired_share, broken_share, n, level) < power)
    return next(below, high - 1) + 1


def _edges(numbers_M: np.ndarray, level: float) -> np.ndarray:
    """The largest smaller count with p ≤ level among m discordant queries, (M,); -1 where there is none."""
    low_M, high_M = np.full(len(numbers_M), -1.0), np.floor((numbers_M - 1) / 2)
    high_M = np.maximum(high_M, -1)
    while (low_M < high_M).any():
        half_M = np.ceil((low_M + high_M) / 2)
        fits_M = 2 * bdtr(half_M, numbers_M, 0.5) <= level
        low_M, high_M = np.where(fits_M, half_M, low_M), np.where(fits_M, high_M, half_M - 1)
    return low_M


def _binomial(k_M: np.ndarray, n: int, share: float) -> np.ndarray:
    choose_M = gammaln(n + 1) - gammaln(k_M + 1) - gammaln(n - k_M + 1)
    return np.exp(choose_M + xlogy(k_M, share) + xlogy(n - k_M, 1 - share))


def _check(repaired_share: float, broken_share: float, level: float) -> None:
    if not (repaired_share >= 0 and broken_share >= 0 and repaired_share + broken_share <= 1):
        raise ValueError(f"shares are not negative and at most 1 together: {repaired_share}, {broken_share}")
    if not 0 < level < 1:
        raise ValueError(f"the level lies between 0 and 1: {level}")
