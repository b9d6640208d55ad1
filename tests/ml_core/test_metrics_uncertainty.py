"""Intervals: whole units are resampled, fast ways agree with the plain loop, Wilson where a bootstrap is blind."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.metrics.uncertainty import by_unit, means, median, proportion, resampled_weights, wilson


def clustered(units: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Values 0/1 of five queries a unit that depend on each other, and their units."""
    rng = np.random.default_rng(seed)
    ease_U = rng.beta(0.6, 1.2, units)
    units_Q = np.repeat(np.arange(units), 5)
    return (rng.random(len(units_Q)) < ease_U[units_Q]).astype(np.int64), units_Q


def naive_draws(values_Q: np.ndarray, units_Q: np.ndarray, statistic, resamples: int = 4000) -> np.ndarray:
    """The plain loop: draw units with replacement, take all their queries, compute."""
    rng = np.random.default_rng(99)
    groups = [values_Q[units_Q == unit] for unit in np.unique(units_Q)]
    drawn = (rng.integers(0, len(groups), len(groups)) for _ in range(resamples))
    return np.array([statistic(np.concatenate([groups[u] for u in units])) for units in drawn])


def test_a_proportion_agrees_with_a_loop_that_resamples_units() -> None:
    values_Q, units_Q = clustered()
    loop = naive_draws(values_Q, units_Q, np.mean)
    estimate = proportion(*by_unit(values_Q, units_Q), resamples=4000)
    width = np.subtract(*np.quantile(loop, (0.975, 0.025)))
    assert estimate.value == values_Q.mean()
    assert np.abs(np.quantile(loop, (0.025, 0.975)) - (estimate.low, estimate.high)).max() < 0.1 * width


def test_queries_of_one_unit_are_not_taken_as_independent() -> None:
    values_Q, units_Q = clustered()
    together = proportion(*by_unit(values_Q, units_Q))
    apart = proportion(*by_unit(values_Q, np.arange(len(values_Q))))
    assert together.high - together.low > 1.3 * (apart.high - apart.low)
    assert (together.n, apart.n) == (300, 1500)


def test_statistics_made_together_are_those_made_alone() -> None:
    rng = np.random.default_rng(7)
    counts_U = rng.integers(1, 7, 211)
    hits_US = rng.integers(0, counts_U[:, None] + 1, (211, 5))
    graded_US = rng.random((211, 4)) * counts_U[:, None]
    for sums_US in (hits_US, graded_US):
        together = means(sums_US, counts_U, fractions=[True] * sums_US.shape[1], resamples=500, seed=3)
        for sums_U, estimate in zip(sums_US.T, together, strict=True):
            (alone,) = means(sums_U[:, None], counts_U, fractions=[True], resamples=500, seed=3)
            assert alone[1:3] == pytest.approx(estimate[1:3], rel=1e-12) and alone.value == pytest.approx(
                estimate.value
            )
    assert proportion(hits_US[:, 0], counts_U, resamples=500, seed=3)[1:3] == tuple(
        means(hits_US, counts_U, fractions=[True] * 5, resamples=500, seed=3)[0][1:3]
    )


def test_many_units_are_drawn_by_kind_and_agree_with_weights() -> None:
    rng = np.random.default_rng(2)
    counts_U = rng.integers(4, 7, 12_000)
    hits_U = rng.binomial(counts_U, rng.beta(0.6, 1.2, 12_000))
    by_kind = proportion(hits_U, counts_U)  # 12,000 units × 2,000 resamples are too many to keep
    by_weight = proportion(hits_U, counts_U, resamples=1600)
    width = by_weight.high - by_weight.low
    assert (by_kind.low, by_kind.high) == pytest.approx((by_weight.low, by_weight.high), abs=0.12 * width)
    assert proportion(hits_U, counts_U) == by_kind


def test_a_share_of_many_units_is_the_same_whatever_stands_beside_it() -> None:
    rng = np.random.default_rng(6)
    counts_U = rng.integers(4, 7, 12_000)
    hits_U = rng.binomial(counts_U, 0.3)
    graded_U, ranks_U = rng.random(12_000) * counts_U, rng.integers(1, 5_000, 12_000)
    beside = means(np.column_stack([graded_U, hits_U, ranks_U]), counts_U, fractions=[True, True, False])
    assert beside[1] == proportion(hits_U, counts_U)
    for place, sums_U in ((0, graded_U), (2, ranks_U)):
        (alone,) = means(sums_U[:, None], counts_U, fractions=[place == 0])
        assert alone == pytest.approx(beside[place], rel=1e-12)


def test_many_statistics_of_many_resamples_are_made_in_groups_that_fit_into_memory() -> None:
    rng = np.random.default_rng(8)
    sums_US = rng.random((20, 200))
    tracemalloc.start()
    found = means(sums_US, np.ones(20), fractions=[True] * 200, resamples=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 * 2**20  # all at once would take 460 MB
    for place in (0, 79, 80):
        (alone,) = means(sums_US[:, [place]], np.ones(20), fractions=[True], resamples=100_000)
        assert alone == pytest.approx(found[place], rel=1e-12)


def test_units_whose_counts_are_not_whole_are_never_drawn_by_kind() -> None:
    counts_U = np.repeat([2.0, 3.9], 6_000)  # queries that stand for others
    hits_U = np.where(np.arange(12_000) < 3_000, 2.0, 0.0)  # whole, though the counts are not
    (many,) = means(hits_U[:, None], counts_U, fractions=[True])
    (few,) = means(hits_U[:, None], counts_U, fractions=[True], resamples=1600)
    assert many.low < many.value == few.value < many.high
    assert (many.low, many.high) == pytest.approx((few.low, few.high), abs=0.12 * (few.high - few.low))


def test_units_of_large_weight_are_drawn_as_those_of_small_weight() -> None:
    rng = np.random.default_rng(4)
    counts_U = rng.integers(1, 4, 12_000)
    hits_U = rng.integers(0, counts_U + 1)
    heavy = proportion(hits_U * 10**9, counts_U * 10**9)  # a table of every sum beside every count has no room
    assert heavy == proportion(hits_U, counts_U)


def test_means_and_medians_agree_with_the_loop() -> None:
    rng = np.random.default_rng(3)
    units_Q = np.repeat(np.arange(150), rng.integers(1, 8, 150))
    values_Q = rng.geometric(0.1, len(units_Q)).astype(float)
    sums_U, counts_U = by_unit(values_Q, units_Q)
    (mean,) = means(sums_U[:, None], counts_U, fractions=(False,), resamples=4000)
    middle = median(values_Q, units_Q, resamples=4000)
    for estimate, statistic in ((mean, np.mean), (middle, np.median)):
        loop = naive_draws(values_Q, units_Q, statistic)
        low, high = np.quantile(loop, (0.025, 0.975))
        assert estimate.value == pytest.approx(statistic(values_Q))
        assert abs(estimate.low - low) <= max(0.15 * (high - low), 0.5 if statistic is np.median else 0)
        assert abs(estimate.high - high) <= max(0.15 * (high - low), 0.5 if statistic is np.median else 0)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 4)), min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_the_median_of_every_resample_is_numpys(pairs: list[tuple[int, int]]) -> None:
    values_Q, units_Q = (np.array(column) for column in zip(*pairs, strict=True))
    names = np.unique(units_Q)
    (weights_BU,) = resampled_weights(len(names), 40, 5, width=len(values_Q))
    expected = []
    for weights_U in weights_BU.astype(int):
        drawn = [values_Q[units_Q == unit] for unit, times in zip(names, weights_U, strict=True) for _ in range(times)]
        expected.append(np.median(np.concatenate(drawn)))
    found = median(values_Q, units_Q, resamples=40, seed=5)
    if len(names) == 1:
        assert (found.low, found.high) == (None, None)
        return
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(expected, (0.025, 0.975))))


@pytest.mark.parametrize("hits", [0, 5])
def test_where_all_or_none_hit_wilson_speaks_for_the_number_of_units(hits: int) -> None:
    estimate = proportion(np.full(40, hits), np.full(40, 5))
    assert (estimate.low, estimate.high) == wilson(40 if hits else 0, 40)
    assert estimate.high - estimate.low > 0.05
    (mean,) = means(np.full((40, 1), hits / 5), np.ones(40), fractions=(True,))
    assert (mean.low, mean.high) == pytest.approx((estimate.low, estimate.high))


def test_a_single_unit_has_an_interval_that_excludes_hardly_anything_and_never_one_without_width() -> None:
    one = proportion(np.array([2]), np.array([5]))
    assert (one.value, one.low, one.high, one.n) == (0.4, *wilson(0.4, 1), 1)
    assert one.high - one.low > 0.8
    sums_US = np.array([[1.5, 20.0]])  # five queries: reciprocal ranks, ranks
    mrr, mean_rank = means(sums_US, np.array([5]), fractions=(True, False))
    assert (mrr.low, mrr.high) == pytest.approx(wilson(0.3, 1))
    assert (mean_rank.value, mean_rank.low, mean_rank.high) == (4.0, None, None)
    middle = median(np.array([1, 3, 9]), np.array([7, 7, 7]))
    assert (middle.value, middle.low, middle.high, middle.n) == (3.0, None, None, 1)


def test_units_that_are_all_alike_do_not_make_a_share_certain() -> None:
    alike = proportion(np.full(10, 2), np.full(10, 5))
    assert (alike.low, alike.high) == wilson(4, 10)
    (mean,) = means(np.full((10, 1), 2.0), np.full(10, 5), fractions=(True,))
    assert (mean.low, mean.high) == pytest.approx(wilson(4, 10))


def test_units_of_one_rate_are_alike_however_many_queries_they_have() -> None:
    counts_U = np.array([1, 2, 3, 4, 5] * 10)
    ranked_U = [sum([1 / 3] * count) for count in counts_U]  # every query has rank 3
    half, third, mixed = means(
        np.column_stack([counts_U / 2, ranked_U, counts_U > 2]), counts_U, fractions=[True, True, True]
    )
    assert (half.low, half.high) == pytest.approx(wilson(25, 50))
    assert (third.low, third.high) == pytest.approx(wilson(50 / 3, 50))
    assert mixed.low < mixed.value < mixed.high and mixed.low != pytest.approx(wilson(mixed.value * 50, 50)[0])


def test_an_estimate_of_a_share_is_one_of_a_number() -> None:
    assert proportion(np.array([1, 0]), np.array([1, 1])).times(200).value == 100
    assert median(np.array([1]), np.array([1])).times(3) == (3.0, None, None, 1)


def test_wilson_gives_published_values() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson(0, 0) == (0.0, 1.0)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(200):
        values_Q, units_Q = clustered(120, seed)
        estimate = proportion(*by_unit(values_Q, units_Q), resamples=500, seed=seed)
        covered += estimate.low <= 1 / 3 <= estimate.high
    assert 178 <= covered <= 200


def test_the_same_seed_gives_the_same_interval() -> None:
    pair = by_unit(*clustered())
    assert proportion(*pair, seed=4) == proportion(*pair, seed=4) != proportion(*pair, seed=5)
