"""How sure a number is: percentile bootstraps that draw whole units (all captions of a picture together), Wilson."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from statistics import NormalDist
from typing import NamedTuple, TypedDict

import numpy as np
from threadpoolctl import ThreadpoolController

RESAMPLES = 2000
LEVEL = 0.95
_CELLS = 2_000_000  # entries of a block of resampling weights, 16 MB
_KEPT = 20_000_000  # draws of units up to which all weights are kept, a byte each
_DRAWN = 8_000_000  # numbers of a block of statistics × resamples, 64 MB
_EXACT = 2**24  # whole numbers that float32 holds
_WHOLE = 2**53  # whole numbers that float64 holds
_ROUNDED = 1e-9  # by how much of themselves rates differ by rounding alone
_MOST_KINDS = 256  # beyond it drawing units is as soon done as drawing kinds
_FEW = 8  # statistics that are not worth a thread
_MOST_THREADS = 8


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

    Where every query hits, or none, or all units have the same rate (a single one has), every resample is the same and
    the bootstrap knows nothing: Wilson on U, the number of independent units, as if the share had been hit or missed
    by whole units; U = 1 gives an interval that hardly excludes anything.
    """
    if len(counts_U) == 0:
        raise ValueError("there is no unit to estimate a proportion from")
    return means(np.asarray(hits_U)[:, None], counts_U, fractions=[True], resamples=resamples, seed=seed)[0]


def means(
    sums_US: np.ndarray,
    counts_U: np.ndarray,
    *,
    fractions: Sequence[bool],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Estimate]:
    """Σ sums / Σ counts for S statistics of the same U units, all from the same resamples.

    `fractions` says which of them lie in 0..1; where such a one is 0 or 1 throughout or all units have the same rate
    (the only one has), its interval is Wilson's on U. Others have no interval where there is a single unit.
    """
    sums_US, counts_U = np.asarray(sums_US), np.asarray(counts_U)
    units, total = len(counts_U), counts_U.sum()
    values_S = sums_US.sum(0, dtype=np.float64) / total
    known_S = np.asarray(fractions) & (np.isin(values_S, (0, 1)) | alike(sums_US, counts_U))
    low_S, high_S = np.zeros(len(values_S)), np.zeros(len(values_S))
    if units > 1:
        low_S[~known_S], high_S[~known_S] = ends(sums_US[:, ~known_S], counts_U, resamples=resamples, seed=seed)
    estimates = []
    for value, known, low, high in zip(
        values_S.tolist(), known_S.tolist(), low_S.tolist(), high_S.tolist(), strict=True
    ):
        if known:
            low, high = wilson(value * units, units)
        bounded = known or units > 1
        estimates.append(Estimate(value, low if bounded else None, high if bounded else None, units))
    return estimates


def alike(sums_US: np.ndarray, counts_U: np.ndarray) -> np.ndarray:
    """Which of S statistics have the same rate, sum / count, in each unit, but for rounding: every resample is then the
    same, however many queries the units have. (S,) bool.
    """
    counts_U = np.asarray(counts_U, dtype=np.float64)
    return np.array([_one_rate(np.asarray(sums_U, dtype=np.float64), counts_U) for sums_U in sums_US.T], dtype=bool)


def _one_rate(sums_U: np.ndarray, counts_U: np.ndarray) -> bool:
    first_U = sums_U[0] * counts_U
    return bool((np.abs(sums_U * counts_U[0] - first_U) <= _ROUNDED * np.abs(first_U)).all())


def ends(
    sums_US: np.ndarray, counts_U: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Where the middle 95 % of Σ sums / Σ counts lie over resamples of U units: two (S,), all from the same resamples.

    Of many units with whole sums (hits) and counts a statistic is drawn by itself: units with the same sum and count
    are alike, so a resample is one multinomial draw over the distinct pairs, exact, and its cost does not grow with U.
    A statistic that is not whole, or of many kinds of units, is drawn by weights; which of the two is its own affair,
    so it is the same whatever stands beside it. Memory: a few blocks of 64 MB, however many statistics there are.
    """
    sums_US, counts_U = np.asarray(sums_US), np.asarray(counts_U)
    low_S, high_S = np.empty((2, sums_US.shape[1]))
    by_kind = len(counts_U) * resamples > _KEPT and _whole(counts_U)
    weighed = []
    for number, sums_U in enumerate(sums_US.T):
        kinds = _distinct(sums_U, counts_U) if by_kind and _whole(sums_U) else None
        if kinds is None:
            weighed.append(number)
        else:
            low_S[number], high_S[number] = _ends_of_kinds(*kinds, resamples, seed)
    step = max(1, _DRAWN // resamples)
    for start in range(0, len(weighed), step):
        group = weighed[start : start + step]
        low_S[group], high_S[group] = _ends_by_weight(sums_US[:, group], counts_U, resamples, seed)
    return low_S, high_S


def _whole(values_X: np.ndarray) -> bool:
    return bool(((np.rint(values_X) == values_X) & (np.abs(values_X) < _WHOLE)).all())


def _ends_by_weight(
    sums_US: np.ndarray, counts_U: np.ndarray, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """The same of statistics that share their resampling weights, all in one product."""
    alike = bool((counts_U == counts_U[0]).all())  # then every resample has as many queries
    parts_SU = sums_US.T if alike else np.vstack([sums_US.T, counts_U])
    exact = _whole(parts_SU) and np.abs(parts_SU).max() * len(counts_U) < _EXACT
    parts_SU = np.ascontiguousarray(parts_SU, dtype=np.float32 if exact else np.float64)
    drawn_SB = _sums(parts_SU, resamples, seed)
    return percentiles(drawn_SB / counts_U.sum() if alike else drawn_SB[:-1] / drawn_SB[-1])


def _sums(parts_SU: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """What each of S columns adds up to over each resample of U units: (S, B)."""
    drawn_SB = np.empty((len(parts_SU), resamples))

    def fill(start: int, weights_BU: np.ndarray) -> None:
        drawn_SB[:, start : start + len(weights_BU)] = parts_SU @ weights_BU.astype(parts_SU.dtype).T

    units, cores = parts_SU.shape[1], _cores()
    with _blas().limit(limits=1):  # a core, a block: where others are at work, a product's own threads wait for long
        if len(parts_SU) <= _FEW or cores == 1 or units * resamples > _KEPT:
            start = 0
            for weights_BU in _counted(units, resamples, seed):
                fill(start, weights_BU)
                start += len(weights_BU)
        else:
            blocks = list(_counted(units, resamples, seed))  # parts of what is kept
            with ThreadPoolExecutor(cores) as pool:
                list(pool.map(fill, np.cumsum([0, *map(len, blocks[:-1])]).tolist(), blocks))
    return drawn_SB


def _cores() -> int:
    return min(_MOST_THREADS, max((library["num_threads"] for library in _blas().info()), default=1))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@lru_cache(maxsize=20_000)
def _ends_of_kinds(
    kinds: tuple[tuple[int, int], ...], numbers: tuple[int, ...], resamples: int, seed: int
) -> tuple[float, float]:
    """The same of one statistic from its kinds of units. Kept: a run is compared again and again."""
    kinds_P2, numbers_P, units = np.array(kinds, dtype=np.float64), np.array(numbers), sum(numbers)
    rng, step = np.random.default_rng(seed), max(1, _CELLS // len(numbers))
    blocks = (min(step, resamples - start) for start in range(0, resamples, step))
    sums_B2 = np.concatenate([rng.multinomial(units, numbers_P / units, size=size) @ kinds_P2 for size in blocks])
    low, high = percentiles(sums_B2[:, 0] / sums_B2[:, 1])
    return float(low), float(high)


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
    low, high = map(float, percentiles(np.array(found)))
    return Estimate(float(np.median(sorted_Q)), low, high, len(names_U))


def resampled_weights(units: int, resamples: int, seed: int, width: int = 0) -> Iterator[np.ndarray]:
    """Blocks (b, U) of how often each unit is drawn; together `resamples` rows, each summing to U."""
    for weights_BU in _counted(units, resamples, seed, width):
        yield weights_BU.astype(np.float64)


def _counted(units: int, resamples: int, seed: int, width: int = 0) -> Iterator[np.ndarray]:
    """The same as whole numbers. Those of few units are kept: each run of a comparison is resampled alike."""
    step = max(1, _CELLS // max(units, width))
    if units * resamples <= _KEPT:
        kept_BU = _kept(units, resamples, seed)
        yield from (kept_BU[start : start + step] for start in range(0, resamples, step))
    else:
        yield from _drawn(units, resamples, seed)


@lru_cache(maxsize=4)
def _kept(units: int, resamples: int, seed: int) -> np.ndarray:
    """All of them, a byte each: a unit that is drawn 256 times would come once in 10**500 resamples."""
    return np.concatenate([drawn_BU.astype(np.uint8) for drawn_BU in _drawn(units, resamples, seed)])


def _drawn(units: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // units)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn_BU = rng.integers(0, units, (size, units)) + units * np.arange(size)[:, None]
        yield np.bincount(drawn_BU.ravel(), minlength=size * units).reshape(size, units)


def _distinct(sums_U: np.ndarray, counts_U: np.ndarray) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]] | None:
    """The distinct (sum, count) pairs of units, all whole, and how many units show each; None where they are many."""
    sums_U, counts_U = sums_U.astype(np.int64), counts_U.astype(np.int64)
    least, base = int(sums_U.min()), int(counts_U.max()) + 1
    if (int(sums_U.max()) - least + 1) * base <= _CELLS:
        numbers = np.bincount((sums_U - least) * base + counts_U)
        codes_P = np.flatnonzero(numbers)
        numbers_P, kinds_P2 = numbers[codes_P], np.column_stack([codes_P // base + least, codes_P % base])
    else:  # wide apart: sorted, so that memory grows with the units alone
        own_A, own_U = np.unique(sums_U, return_inverse=True)
        size_A, size_U = np.unique(counts_U, return_inverse=True)
        codes_P, numbers_P = np.unique(own_U * len(size_A) + size_U, return_counts=True)
        kinds_P2 = np.column_stack([own_A[codes_P // len(size_A)], size_A[codes_P % len(size_A)]])
    if len(numbers_P) > _MOST_KINDS:
        return None
    return tuple(map(tuple, kinds_P2.tolist())), tuple(numbers_P.tolist())


def percentiles(values_XB: np.ndarray, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """The two ends of the middle `level` of B values, of each row (…, B): `np.quantile`'s numbers, three times as
    soon, because many values are sorted faster than some are found."""
    sorted_XB = np.sort(values_XB, axis=-1)
    low_X, high_X = (_between(sorted_XB, (sorted_XB.shape[-1] - 1) * share) for share in _tails(level))
    return low_X, high_X


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _between(sorted_XB: np.ndarray, place: float) -> np.ndarray:
    """The value at a place between two neighbours, rounded as numpy does."""
    first = int(place)
    one_X, other_X = sorted_XB[..., first], sorted_XB[..., min(first + 1, sorted_XB.shape[-1] - 1)]
    part = place - first
    return other_X - (other_X - one_X) * (1 - part) if part >= 0.5 else one_X + (other_X - one_X) * part
