"""Paired tests and intervals against scipy and statsmodels: the same numbers, how much faster."""

from __future__ import annotations

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from benchmarks.harness import Row, interleaved, peak_mib
from ml_core.metrics.significance.families import holm
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.metrics.significance.paired import paired_bootstrap
from ml_core.metrics.significance.signflip import permutation_test, sign_flip
from ml_core.metrics.significance.verdict import Outcomes, judged, verdict_on

CAPTIONS = 5


def measure(quick: bool) -> list[Row]:
    pictures, resamples = (500, 500) if quick else (5_000, 2_000)
    rng = np.random.default_rng(0)
    ease_UC = np.repeat(rng.random(pictures), CAPTIONS)
    before_Q, after_Q = (rng.random(len(ease_UC)) < np.clip(ease_UC + shift, 0, 1) for shift in (0, 0.01))
    units_Q = np.repeat(np.arange(pictures), CAPTIONS)
    return [
        *_bootstrap(before_Q, after_Q, units_Q, resamples),
        *_signs(before_Q, after_Q, units_Q, resamples),
        *_graded(rng, pictures, resamples),
        *_counts(),
        *_verdicts(rng, pictures),
    ]


def _bootstrap(before_Q: np.ndarray, after_Q: np.ndarray, units_Q: np.ndarray, resamples: int) -> list[Row]:
    """The interval of a net change; units are as large as each other, so that the peer may draw their means."""
    change_U = np.reshape(after_Q.astype(float) - before_Q, (-1, CAPTIONS)).mean(1)

    def ours() -> tuple[float, float]:
        found = paired_bootstrap(before_Q, after_Q, units_Q, resamples=resamples)
        assert found.low is not None and found.high is not None
        return found.low, found.high

    def library() -> tuple[float, float]:
        found = stats.bootstrap((change_U,), np.mean, n_resamples=resamples, method="percentile", batch=100, rng=1)
        return found.confidence_interval.low, found.confidence_interval.high

    assert np.abs(np.subtract(ours(), library())).max() < 0.2 * (ours()[1] - ours()[0]), (ours(), library())
    took = interleaved({"ours": ours, "scipy": library}, rounds=5)
    work = f"interval of a net change, {len(units_Q):,} queries of {len(change_U):,} units, {resamples:,} resamples"
    return [Row(work, "peer", "scipy.stats.bootstrap", took["ours"], took["scipy"], 10.0, peak_mib=peak_mib(ours))]


def _signs(before_Q: np.ndarray, after_Q: np.ndarray, units_Q: np.ndarray, resamples: int) -> list[Row]:
    """The exact test by picture against one that draws signs."""
    change_Q = after_Q.astype(int) - before_Q
    sums_U = change_Q.reshape(-1, CAPTIONS).sum(1).astype(float)

    def ours() -> float:
        return sign_flip(change_Q, units_Q)

    def library() -> float:
        found = stats.permutation_test(
            (sums_U, np.zeros(len(sums_U))), lambda one, two, axis: np.sum(one - two, axis=axis), batch=100,
            permutation_type="samples", n_resamples=resamples, vectorized=True, rng=1,
        )  # fmt: skip
        return float(found.pvalue)

    assert abs(ours() - library()) < 5 / np.sqrt(resamples), (ours(), library())  # five times the peer's own error
    took = interleaved({"ours": ours, "scipy": library}, rounds=3)
    work = f"sign flips of {len(sums_U):,} pictures, exact"
    against = f"scipy.stats.permutation_test, {resamples:,} drawn"
    return [Row(work, "peer", against, took["ours"], took["scipy"], 10.0, peak_mib=peak_mib(ours))]


def _graded(rng: np.random.Generator, pictures: int, resamples: int) -> list[Row]:
    before_U = rng.random(pictures)
    after_U = np.clip(before_U + rng.normal(0.002, 0.1, pictures), 0, 1)
    units_U = np.arange(pictures)

    def ours() -> float:
        return permutation_test(before_U, after_U, units_U, resamples=resamples)

    def library() -> float:
        found = stats.permutation_test(
            (after_U, before_U), lambda one, two, axis: np.mean(one - two, axis=axis), batch=100,
            permutation_type="samples", n_resamples=resamples, vectorized=True, rng=1,
        )  # fmt: skip
        return float(found.pvalue)

    assert abs(ours() - library()) < 7 / np.sqrt(resamples), (ours(), library())
    took = interleaved({"ours": ours, "scipy": library}, rounds=3)
    work = f"permutation of graded scores, {pictures:,} units, {resamples:,} drawn"
    return [Row(work, "peer", "scipy.stats.permutation_test", took["ours"], took["scipy"], peak_mib=peak_mib(ours))]


def _counts() -> list[Row]:
    """Two hundred tests of counts and their correction."""
    pairs = [(40 + number % 50, 60 - number % 30) for number in range(200)]
    p_F = np.random.default_rng(1).random(2_000) ** 3

    def ours() -> list[float]:
        return [exact_mcnemar(*pair) for pair in pairs]

    def library() -> list[float]:
        return [float(mcnemar([[500, broken], [repaired, 900]], exact=True).pvalue) for repaired, broken in pairs]

    assert np.allclose(ours(), library(), rtol=1e-9)
    assert np.allclose(holm(p_F), multipletests(p_F, method="holm")[1])
    took = interleaved(
        {
            "ours": ours,
            "library": library,
            "holm": lambda: holm(p_F),
            "multi": lambda: multipletests(p_F, method="holm"),
        }
    )
    return [
        Row("200 exact McNemar tests", "peer", "statsmodels mcnemar", took["ours"], took["library"]),
        Row("Holm over 2,000 tests", "peer", "statsmodels multipletests", took["holm"], took["multi"]),
    ]


def _verdicts(rng: np.random.Generator, pictures: int) -> list[Row]:
    """Whole verdicts of 50 runs against one, judged as a family: told, for nobody else makes them."""
    numbers_Q = np.arange(pictures * CAPTIONS)
    ease_Q = np.repeat(rng.random(pictures), CAPTIONS)

    def run() -> Outcomes:
        ranks_Q = np.where(rng.random(len(ease_Q)) < ease_Q, 1, 2)
        return Outcomes(numbers_Q, numbers_Q // CAPTIONS, ranks_Q, ranks_Q)

    baseline, *others = (run() for _ in range(51))

    def ours() -> object:
        return judged([verdict_on(baseline, other) for other in others])

    def loop() -> object:
        """What a program does that knows no counts: resamples queries' changes one draw after the other."""
        change_U = (others[0].ranks_Q == 1).astype(float) - (baseline.ranks_Q == 1)
        change_U = change_U.reshape(-1, CAPTIONS).mean(1)
        draws = np.random.default_rng(0)
        means = [change_U[draws.integers(0, pictures, pictures)].mean() for _ in range(2_000)]
        return np.quantile(means, (0.025, 0.975))

    took = interleaved({"ours": ours, "loop": loop}, rounds=3)
    work = f"50 verdicts on {len(numbers_Q):,} queries, interval and exact test each"
    return [Row(work, "naive", "a loop's interval alone, 50 times", took["ours"], 50 * took["loop"])]
