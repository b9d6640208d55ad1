"""How sure a number is: percentile bootstraps that draw whole units (all captions of a picture together), Wilson."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple, TypedDict

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95
_CELLS = 2_000_000  # entries of a block of resampling weights, 16 MB


class Estimate(NamedTuple):
    """A value with its 95 % interval and the number of independent units it rests on.

    No interval (None) where there is nothing to tell one from: a mean or a median without bounds, of a single unit.
    """

    value: float
    low: float | None
    high: float | None
    n: int

    def times(self, factor: float) -> Estimate:
        """The same of a quantity `factor` times as large: a share of queries as their number."""
        low, high = (None if end is None else end * factor for end in (self.low, self.high))
        return Estimate(self.value * factor, low, high, self.n)


def wilson(hits: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a proportion `hits` / `n` (E. B. Wilson 1927); (0, 1) where n is 0."""
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, weight = hits / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    low, high = float(middle - half), float(middle + half)
    return (low if hits else 0.0), (high if hits < n else 1.0)  # exact at the ends, where rounding would miss them


class How(TypedDict):
    """The settings that every estimate of a run shares."""

    resamples: int
    seed: int


def by_unit(values_Q: np.ndarray, units_Q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of values and numbers of queries by unit, (U,) each, over the units that occur, in order of unit."""
    _, place_Q, counts_U = np.unique(units_Q, return_inverse=True, return_counts=True)
    return np.bincount(place_Q, weights=values_Q, minlength=len(counts_U)), counts_U


def proportion(hits_U: np.ndarray, counts_U: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Σ hits / Σ counts over U units, each with a whole number of hits among its queries.

    Units with the same (hits, count) are alike, so a resample of U units is one multinomial draw over the distinct
    pairs: exact, and its cost does not grow with U. Where every query hits, or none, or all units are alike (a single
    one is), every resample is the same and the bootstrap knows nothing: Wilson on U, the number of independent units,
    as if the share had been hit or missed by whole units; U = 1 gives an interval that hardly excludes anything.
    """
    hits_U, counts_U = np.asarray(hits_U), np.asarray(counts_U)
    units, total, hits = len(counts_U), int(counts_U.sum()), float(hits_U.sum())
    if units == 0:
        raise ValueError("there is no unit to estimate a proportion from")
    kinds_P2, numbers_P = _distinct(hits_U, counts_U)
    if hits in (0, total) or len(numbers_P) == 1:
        return Estimate(hits / total, *wilson(hits / total * units, units), units)
    drawn = _drawn(tuple(map(tuple, kinds_P2.tolist())), tuple(numbers_P.tolist()), resamples, seed)
    return Estimate(hits / total, *drawn, units)


@lru_cache(maxsize=20_000)
def _drawn(
    kinds: tuple[tuple[int, int], ...], numbers: tuple[int, ...], resamples: int, seed: int
) -> tuple[float, float]:
    """The ends of a share's interval. Kept: a run is compared again and again, beside one run more or another."""
    kinds_P2, numbers_P, units = np.array(kinds), np.array(numbers), sum(numbers)
    draws_BP = np.random.default_rng(seed).multinomial(units, numbers_P / units, size=resamples)
    sums_B2 = draws_BP @ kinds_P2
    return percentiles(sums_B2[:, 0] / sums_B2[:, 1])


def means(
    sums_US: np.ndarray,
    counts_U: np.ndarray,
    *,
    fractions: Sequence[bool],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Estimate]:
    """Σ sums / Σ counts for S statistics of the same U units, all from the same resamples.

    `fractions` says which of them lie in 0..1; where such a one is 0 or 1 throughout or the same in all units (in the
    only one), its interval is Wilson's on U. Others have no interval where there is a single unit.
    """
    parts_US = np.column_stack([sums_US, counts_U]).astype(np.float64)
    values_S = parts_US[:, :-1].sum(0) / parts_US[:, -1].sum()
    drawn = [weights_BU @ parts_US for weights_BU in resampled_weights(len(counts_U), resamples, seed)]
    sums_BS = np.concatenate(drawn)
    ratios_BS = sums_BS[:, :-1] / sums_BS[:, -1:]
    units = len(counts_U)
    alike_S = (parts_US == parts_US[0]).all(0)
    blind_S = np.isin(values_S, (0, 1)) | (alike_S[:-1] & alike_S[-1])
    estimates = []
    for value, ratios_B, fraction, blind in zip(values_S, ratios_BS.T, fractions, blind_S, strict=True):
        low, high = percentiles(ratios_B) if units > 1 else (None, None)
        if fraction and blind:
            low, high = wilson(value * units, units)
        estimates.append(Estimate(float(value), low, high, units))
    return estimates


def median(values_Q: np.ndarray, units_Q: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """The median over queries (mean of the two middle ones), units resampled whole; no interval of a single unit."""
    names_U, place_Q = np.unique(units_Q, return_inverse=True)
    if len(names_U) == 1:
        return Estimate(float(np.median(values_Q)), None, None, 1)
    order_Q = np.argsort(values_Q, kind="stable")
    sorted_Q, place_Q = np.asarray(values_Q, dtype=np.float64)[order_Q], place_Q[order_Q]
    found = []
    for weights_BU in resampled_weights(len(names_U), resamples, seed, width=len(sorted_Q)):
        reached_BQ = np.cumsum(weights_BU[:, place_Q], axis=1, dtype=np.float32)
        for reached_Q in reached_BQ:
            total = int(reached_Q[-1])
            lower, upper = np.searchsorted(reached_Q, ((total - 1) // 2 + 1, total // 2 + 1))
            found.append((sorted_Q[lower] + sorted_Q[upper]) / 2)
    return Estimate(float(np.median(sorted_Q)), *percentiles(np.array(found)), len(names_U))


def resampled_weights(units: int, resamples: int, seed: int, width: int = 0) -> Iterator[np.ndarray]:
    """Blocks (b, U) of how often each unit is drawn; together `resamples` rows, each summing to U."""
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // max(units, width))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn_BU = rng.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        yield np.bincount(drawn_BU.ravel(), minlength=size * units).reshape(size, units).astype(np.float64)


def _distinct(hits_U: np.ndarray, counts_U: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct (hits, count) pairs (P, 2) and how many units show each (P,)."""
    base = int(counts_U.max()) + 1
    numbers = np.bincount(hits_U.astype(np.int64) * base + counts_U.astype(np.int64))
    codes_P = np.flatnonzero(numbers)
    return np.column_stack([codes_P // base, codes_P % base]), numbers[codes_P]


def percentiles(values_B: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The two ends of the middle `level` of B values: `np.quantile`'s numbers, without what it looks at first."""
    places = [(len(values_B) - 1) * share for share in ((1 - level) / 2, (1 + level) / 2)]
    around = sorted({min(int(place) + step, len(values_B) - 1) for place in places for step in (0, 1)})
    sorted_B = np.partition(values_B, around)
    low, high = (_between(sorted_B, place) for place in places)
    return low, high


def _between(sorted_B: np.ndarray, place: float) -> float:
    """The value at a place between two neighbours, rounded as numpy does."""
    first = int(place)
    one, other = float(sorted_B[first]), float(sorted_B[min(first + 1, len(sorted_B) - 1)])
    part = place - first
    return other - (other - one) * (1 - part) if part >= 0.5 else one + (other - one) * part
