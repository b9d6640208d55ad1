"""Sign-flip tests: whether changes of whole units (all captions of a picture together) point one way.

Under the null hypothesis the two runs could be exchanged for any unit, which turns the sign of all its changes at once
(Fisher 1935; Winkler et al. 2014 for whole blocks).
"""

from __future__ import annotations

import numpy as np

from ml_core.metrics.uncertainty import by_unit

_LARGEST_SUM = 200_000  # Σ |change| up to which the distribution is computed rather than drawn
_CELLS = 4_000_000  # signs drawn at a time


def sign_flip(change_Q: np.ndarray, units_Q: np.ndarray, *, resamples: int = 20_000, seed: int = 0) -> float:
    """Two-sided p of a sum of changes as far from 0, over all ways to turn the signs of whole units.

    `change_Q` (Q,) is after minus before, `units_Q` (Q,) whose query it is. Exact where the sums by unit are whole
    numbers (hits) whose sizes add up to 200,000 at most: beyond that, and for other scores, signs are drawn `resamples`
    times, with p = (b + 1) / (B + 1) (Phipson, Smyth 2010). 1 where nothing changed. ValueError for no query, or a
    change that is not finite.
    """
    change_Q = np.asarray(change_Q, dtype=np.float64)
    if not len(change_Q) or len(change_Q) != len(units_Q):
        raise ValueError(f"there are {len(change_Q)} changes of {len(units_Q)} queries")
    if not np.isfinite(change_Q).all():
        raise ValueError(f"change {int(np.argmin(np.isfinite(change_Q)))} is not finite")
    return sign_flip_of(by_unit(change_Q, np.asarray(units_Q))[0], resamples=resamples, seed=seed)


def sign_flip_of(sums_U: np.ndarray, *, resamples: int = 20_000, seed: int = 0) -> float:
    """The same of changes that are added up by unit already, (U,)."""
    sums_U = sums_U[sums_U != 0]
    if not len(sums_U):
        return 1.0
    whole_U = np.rint(sums_U)
    if (whole_U == sums_U).all() and np.abs(whole_U).sum() <= _LARGEST_SUM:
        return _exact(whole_U.astype(np.int64))
    return _drawn(sums_U, resamples, seed)


def permutation_test(
    before_Q: np.ndarray, after_Q: np.ndarray, units_Q: np.ndarray, *, resamples: int = 20_000, seed: int = 0
) -> float:
    """Two-sided p that two graded scores of the same queries (nDCG, reciprocal rank) differ in the mean, by unit.

    Exchanging the runs within a unit turns the sign of its difference: see `sign_flip`.
    """
    return sign_flip(np.asarray(after_Q, float) - np.asarray(before_Q, float), units_Q, resamples=resamples, seed=seed)


def _exact(sums_U: np.ndarray) -> float:
    """With x units of size s turned down, the sum is Σ s (n - 2x): the sizes' binomials, one folded into the other.

    Only positive terms are added, so small p are as accurate as large ones.
    """
    sizes_S, numbers_S = np.unique(np.abs(sums_U), return_counts=True)
    chance = np.ones(1)  # of Σ s x = 0, 1, …
    for size, number in zip(sizes_S.tolist(), numbers_S.tolist(), strict=True):
        chance = _folded(chance, size, _halves(number))
    total, seen = int(np.abs(sums_U).sum()), abs(int(sums_U.sum()))
    tail = (total - seen) // 2  # Σ s x up to which the sum is at least `seen`
    return float(min(1.0, 2 * chance[: tail + 1].sum())) if seen else 1.0


def _folded(chance: np.ndarray, size: int, halves: np.ndarray) -> np.ndarray:
    """Adds `size` times a number of chances `halves`: sums that differ by whole sizes mix, others do not."""
    wider = np.zeros(len(chance) + size * (len(halves) - 1))
    if size > len(halves):
        for turned, weight in enumerate(halves):
            wider[turned * size : turned * size + len(chance)] += weight * chance
    else:
        for start in range(min(size, len(chance))):
            wider[start::size] = np.convolve(chance[start::size], halves)
    return wider


def _halves(number: int) -> np.ndarray:
    """Bin(number, 1/2), (number + 1,)."""
    steps = np.arange(1, number + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log((number + 1 - steps) / steps))]) - number * np.log(2)
    return np.exp(logs)


def _drawn(sums_U: np.ndarray, resamples: int, seed: int) -> float:
    """Sums that differ from the one seen by no more than rounding can make are as far from 0 as it is."""
    rng = np.random.default_rng(seed)
    rounding = len(sums_U) * np.finfo(np.float64).eps * np.abs(sums_U).sum()
    seen, beyond = abs(sums_U.sum()) - rounding, 0
    step = max(1, _CELLS // len(sums_U))
    for start in range(0, resamples, step):
        turned_BU = rng.integers(0, 2, (min(step, resamples - start), len(sums_U)), dtype=np.int8)
        beyond += int((np.abs((1.0 - 2.0 * turned_BU) @ sums_U) >= seen).sum())
    return (beyond + 1) / (resamples + 1)
