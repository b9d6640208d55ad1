"""Paired tests agree with scipy, keep their level, and their intervals cover what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from ml_core.metrics.significance.families import holm
from ml_core.metrics.significance.mcnemar import exact_mcnemar, items_needed, mcnemar_power
from ml_core.metrics.significance.paired import paired_bootstrap
from ml_core.metrics.significance.signflip import permutation_test, sign_flip
from ml_core.metrics.significance.verdict import Outcomes, judged, verdict_on, verdicts_on
from ml_core.metrics.uncertainty import wilson


@pytest.mark.parametrize("units", [None, [0, 0, 0, 1, 1, 2, 3, 3, 3, 3, 4, 5]], ids=["alone", "captions of pictures"])
def test_verdicts_of_many_runs_are_those_of_each(units):
    rng = np.random.default_rng(4)
    before, *afters = (_run(rng.integers(1, 4, 12).tolist(), rng.integers(0, 3, 12).tolist(), units) for _ in range(7))
    alone = [verdict_on(before, after, resamples=300, seed=5) for after in afters]
    assert verdicts_on(before, afters, resamples=300, seed=5) == alone
    assert verdicts_on(before, []) == []


def test_five_repaired_and_none_broken_have_p_one_sixteenth():
    assert exact_mcnemar(5, 0) == 0.0625


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_two_sided_binomial_test(repaired: int, broken: int):
    expected = stats.binomtest(repaired, repaired + broken).pvalue if repaired + broken else 1.0
    assert exact_mcnemar(repaired, broken) == pytest.approx(expected, rel=1e-9)
    assert exact_mcnemar(repaired, broken) == exact_mcnemar(broken, repaired)


@pytest.mark.parametrize(("repaired", "broken"), [(5, 0), (17, 6), (3, 3), (40, 61)])
def test_mcnemar_agrees_with_statsmodels(repaired: int, broken: int):
    table = [[200, broken], [repaired, 90]]
    assert exact_mcnemar(repaired, broken) == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-12)


def test_a_tiny_p_is_not_rounded_to_nothing():
    assert exact_mcnemar(300, 0) == pytest.approx(2.0**-299, rel=1e-9)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        exact_mcnemar(-1, 3)


@pytest.mark.parametrize(("repaired", "broken", "n"), [(0.3, 0.1, 30), (0.2, 0.05, 60), (0.05, 0.05, 200), (0.9, 0, 5)])
def test_power_is_the_sum_over_every_table(repaired: float, broken: float, n: int):
    expected = 0.0
    for up in range(n + 1):
        for down in range(n + 1 - up):
            if exact_mcnemar(up, down) <= 0.05:
                expected += stats.multinomial.pmf(
                    [up, down, n - up - down], n, [repaired, broken, 1 - repaired - broken]
                )
    assert mcnemar_power(repaired, broken, n) == pytest.approx(expected, abs=1e-9)


def test_from_the_number_needed_on_the_power_stays():
    needed = items_needed(0.10, 0.04)
    assert needed is not None
    assert mcnemar_power(0.10, 0.04, needed - 1) < 0.8
    assert all(mcnemar_power(0.10, 0.04, n) >= 0.8 for n in range(needed, needed + 60))


def test_a_tiny_effect_needs_very_many_items_and_they_are_found():
    needed = items_needed(0.021, 0.02)
    assert needed is not None and 200_000 < needed < 500_000
    assert mcnemar_power(0.021, 0.02, needed) >= 0.8 > mcnemar_power(0.021, 0.02, int(0.99 * needed))


def test_no_number_of_items_shows_an_effect_that_is_none():
    assert items_needed(0.1, 0.1) is None


def test_an_exact_sign_flip_is_the_count_over_every_choice_of_signs():
    rng = np.random.default_rng(4)
    for _ in range(30):
        sums_U = rng.integers(-3, 4, 9)
        signs = np.array(np.meshgrid(*[[-1, 1]] * 9)).reshape(9, -1)
        expected = (np.abs(sums_U @ signs) >= abs(sums_U.sum())).mean()
        assert sign_flip(sums_U, np.arange(9)) == pytest.approx(expected, rel=1e-12)


def test_drawn_sign_flips_agree_with_scipy():
    rng = np.random.default_rng(5)
    before_U, after_U = rng.random(60), rng.random(60) + 0.07
    ours = permutation_test(before_U, after_U, np.arange(60), resamples=50_000)
    theirs = stats.permutation_test(
        (after_U, before_U), lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples", n_resamples=50_000, vectorized=True, rng=np.random.default_rng(1),
    )  # fmt: skip
    assert ours == pytest.approx(theirs.pvalue, abs=0.01)


def test_sums_that_rounding_alone_tells_apart_are_as_far_from_nothing():
    shares_U = np.array([1e6 + 0.1, -1e6, 0.2, -0.1, 0.3, 0.1])  # tenths, which binary fractions miss
    whole = sign_flip(np.rint(shares_U[2:] * 10), np.arange(4))
    drawn = permutation_test(np.zeros(4), shares_U[2:], np.arange(4), resamples=40_000)
    assert drawn == pytest.approx(whole, abs=0.01)
    signs = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1)
    tenths_U = np.rint(shares_U * 10).astype(np.int64)
    expected = (np.abs(tenths_U @ signs) >= abs(tenths_U.sum())).mean()
    assert sign_flip(shares_U, np.arange(6), resamples=40_000) == pytest.approx(expected, abs=0.01)


def test_beyond_the_largest_sum_signs_are_drawn_and_agree_with_the_exact_count():
    sums_U = np.random.default_rng(6).integers(-90, 100, 400)
    exact, drawn = sign_flip(sums_U, np.arange(400)), sign_flip(sums_U * 1000, np.arange(400), resamples=40_000)
    assert np.abs(sums_U).sum() <= 200_000 < 1000 * np.abs(sums_U).sum()
    assert drawn == pytest.approx(exact, abs=0.01)


def test_units_of_one_hit_each_make_the_sign_flip_mcnemars_test():
    change_Q = np.array([1] * 17 + [-1] * 6 + [0] * 40)
    assert sign_flip(change_Q, np.arange(63)) == pytest.approx(exact_mcnemar(17, 6), rel=1e-12)


def test_captions_of_a_picture_that_change_together_are_one_observation():
    change_Q = np.repeat([1, 0, 0, 0], 5)
    assert sign_flip(change_Q, np.repeat(np.arange(4), 5)) == 1.0
    assert sign_flip(change_Q, np.arange(20)) == 0.0625


def test_five_thousand_pictures_with_five_captions_are_tested_exactly():
    rng = np.random.default_rng(0)
    sums_U = rng.integers(-5, 6, 5000)
    p = sign_flip(sums_U, np.arange(5000))
    z = abs(sums_U.sum()) / math.sqrt((sums_U**2).sum())
    assert p == pytest.approx(2 * stats.norm.sf(z), abs=0.01)


@pytest.mark.parametrize("bad", [np.array([]), np.array([0.0, np.nan])])
def test_nothing_and_what_is_not_a_number_are_refused(bad: np.ndarray):
    with pytest.raises(ValueError, match=r"changes of 0|not finite"):
        sign_flip(bad, np.arange(len(bad)))
    with pytest.raises(ValueError, match=r"pairs of scores of 0|not finite"):
        paired_bootstrap(np.zeros(len(bad)), bad, np.arange(len(bad)))


def _captions(rng: np.random.Generator, pictures: int, gain: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hits before and after on five captions of each picture, alike within a picture."""
    hardness_U = rng.random(pictures)
    moved_U = rng.normal(gain, 0.15, pictures)
    before = rng.random((pictures, 5)) < hardness_U[:, None]
    after = rng.random((pictures, 5)) < np.clip(hardness_U + moved_U, 0, 1)[:, None]
    return before.ravel(), after.ravel(), np.repeat(np.arange(pictures), 5)


def test_intervals_of_a_net_change_cover_it_95_times_in_100():
    rng = np.random.default_rng(11)
    wide = [_captions(rng, 200_000, 0.05)]
    truth = float(np.mean(wide[0][1]) - np.mean(wide[0][0]))
    covered = 0
    for seed in range(400):
        before_Q, after_Q, units_Q = _captions(rng, 150, 0.05)
        net = paired_bootstrap(before_Q, after_Q, units_Q, resamples=1000, seed=seed)
        covered += net.low <= truth <= net.high
    assert 0.92 <= covered / 400 <= 0.98


def test_without_an_effect_the_sign_flip_by_picture_raises_a_false_alarm_5_times_in_100():
    rng = np.random.default_rng(12)
    alarms = [sign_flip(after.astype(int) - before, units) <= 0.05
              for before, after, units in (_captions(rng, 60, 0.0) for _ in range(1500))]  # fmt: skip
    low, high = wilson(sum(alarms), len(alarms), 0.999)
    assert low <= 0.05 and high >= 0.03  # exact and discrete: at the level or below


def test_intervals_of_graded_scores_cover_the_difference_95_times_in_100():
    rng = np.random.default_rng(21)
    covered = 0
    for seed in range(400):
        ease_U = rng.random(80)
        before = np.clip(ease_U[:, None] + rng.normal(0, 0.1, (80, 3)), -5, 5)
        after = before + rng.normal(0.04, 0.1, 80)[:, None] + rng.normal(0, 0.1, (80, 3))
        net = paired_bootstrap(before.ravel(), after.ravel(), np.repeat(np.arange(80), 3), resamples=1000, seed=seed)
        covered += net.low <= 0.04 <= net.high
    assert 0.92 <= covered / 400 <= 0.98


def test_without_an_effect_a_permutation_of_graded_scores_raises_a_false_alarm_5_times_in_100():
    rng = np.random.default_rng(22)
    units_Q = np.repeat(np.arange(30), 3)
    alarms = 0
    for seed in range(800):
        change = rng.normal(0, 0.2, 30)[units_Q] + rng.normal(0, 0.1, 90)
        alarms += permutation_test(np.zeros(90), change, units_Q, resamples=999, seed=seed) <= 0.05
    low, high = wilson(alarms, 800, 0.999)
    assert low <= 0.05 <= high


def test_without_an_effect_two_runs_on_single_queries_are_told_apart_5_times_in_100_at_most():
    rng = np.random.default_rng(23)
    alarms = 0
    for _ in range(1500):  # as many queries change as chance has it
        ease_Q = rng.random(120)
        before, after = (_run((1 + (rng.random(120) > ease_Q)).tolist()) for _ in range(2))
        verdict = verdict_on(before, after, resamples=100)
        assert verdict.test == "mcnemar"
        alarms += verdict.p <= 0.05
    assert wilson(alarms, 1500, 0.999)[0] <= 0.05 and alarms >= 15


def test_without_an_effect_mcnemar_keeps_its_level():
    rng = np.random.default_rng(13)
    up = rng.binomial(30, 0.5, 4000)
    assert np.mean([exact_mcnemar(int(one), 30 - int(one)) <= 0.05 for one in up]) <= 0.055


def test_a_family_of_twenty_true_hypotheses_raises_an_alarm_5_times_in_100_at_most():
    rng = np.random.default_rng(14)
    alarms = [bool((holm(rng.random(20)) <= 0.05).any()) for _ in range(3000)]
    assert wilson(sum(alarms), 3000, 0.999)[0] <= 0.05


def test_runs_that_share_their_baseline_raise_an_alarm_in_5_families_of_100_at_most():
    rng = np.random.default_rng(24)
    alarms = 0
    for _ in range(250):  # the ten verdicts hang together, for the baseline's luck is in each of them
        ease_Q = rng.random(100)
        baseline, *runs = (_run((1 + (rng.random(100) > ease_Q)).tolist()) for _ in range(11))
        alarms += any(verdict.shown for verdict in judged([verdict_on(baseline, run, resamples=200) for run in runs]))
    assert wilson(alarms, 250, 0.999)[0] <= 0.05


def test_holm_agrees_with_statsmodels():
    rng = np.random.default_rng(25)
    for size in (1, 2, 5, 20, 40):
        p_F = np.round(rng.random(size) ** 3, 2)  # small ones and equal ones among them
        assert holm(p_F) == pytest.approx(multipletests(p_F, method="holm")[1], abs=1e-12)


def test_holm_adjusts_step_by_step_in_the_order_given():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.2, math.nan])


def test_where_nothing_changed_the_interval_still_allows_for_what_was_missed():
    same = np.array([True, False] * 20)
    net = paired_bootstrap(same, same, np.arange(40))
    assert net.value == 0 and net.low == -net.high and net.high == pytest.approx(wilson(0, 40)[1])


def test_where_all_units_changed_alike_the_interval_still_has_a_width():
    net = paired_bootstrap(np.ones(8), np.zeros(8), np.arange(8))
    assert (net.value, net.low) == (-1.0, -1.0) and net.high == pytest.approx(-wilson(8, 8)[0])


def test_pictures_with_unequal_numbers_of_captions_that_all_changed_alike_are_not_certain():
    units_Q = np.repeat(np.arange(50), [1, 2, 3, 4, 5] * 10)
    net = paired_bootstrap(np.zeros(150), np.ones(150), units_Q)
    assert (net.value, net.high, net.n) == (1.0, 1.0, 50) and net.low == pytest.approx(wilson(50, 50)[0])


@pytest.mark.parametrize("step", [0.5, 0.1, -7.3])
def test_graded_scores_that_all_changed_alike_have_the_interval_of_hits_in_their_measure(step: float):
    before_Q = np.linspace(0, 1, 90)  # so that equal steps differ by rounding
    net = paired_bootstrap(before_Q, before_Q + step, np.repeat(np.arange(30), [2, 3, 4] * 10))
    expected = sorted((step * wilson(30, 30)[0], step))
    assert net.value == pytest.approx(step) and (net.low, net.high) == pytest.approx(tuple(expected))


def test_a_single_unit_that_changed_has_no_interval():
    net = paired_bootstrap(np.zeros(5), np.ones(5), np.zeros(5, dtype=int))
    assert (net.value, net.low, net.high, net.n) == (1.0, None, None, 1)


def test_the_multinomial_draws_of_hits_agree_with_drawing_units():
    before_Q, after_Q, units_Q = _captions(np.random.default_rng(3), 120, 0.1)
    hits = paired_bootstrap(before_Q, after_Q, units_Q, resamples=20_000)
    graded = paired_bootstrap(before_Q * 0.5, after_Q * 0.5, units_Q, resamples=20_000)
    assert graded.value == pytest.approx(hits.value / 2)
    assert (graded.low, graded.high) == pytest.approx((hits.low / 2, hits.high / 2), abs=0.003)


def _run(ranks: list[int], first: list[int] | None = None, units: list[int] | None = None) -> Outcomes:
    numbers = np.arange(len(ranks))
    return Outcomes(numbers, np.array(units or numbers), np.array(ranks), np.array(first or ranks))


def test_a_verdict_counts_every_query_in_one_cell():
    verdict = verdict_on(_run([1, 1, 2, 2, 2], [0, 0, 9, 9, 9]), _run([1, 3, 1, 4, 2], [0, 5, 2, 8, 9]))
    cells = (verdict.still_right, verdict.broken, verdict.repaired, verdict.wrong_differently, verdict.still_wrong)
    assert cells == (1, 1, 1, 1, 1) and verdict.n == 5 and verdict.net.value == 0


def test_five_repaired_and_none_broken_is_not_shown():
    [verdict] = judged([verdict_on(_run([2] * 5 + [1] * 20), _run([1] * 25))])
    assert (verdict.test, verdict.p, verdict.adjusted, verdict.shown) == ("mcnemar", 0.0625, 0.0625, False)


def test_many_repaired_and_few_broken_is_shown_until_the_family_grows():
    strong = verdict_on(_run([2] * 9 + [1] * 40), _run([1] * 49))
    none = verdict_on(_run([1, 2] * 20), _run([1, 2] * 20))
    assert judged([strong])[0].shown
    assert not judged([strong, *[none] * 30])[0].shown


def test_captions_of_one_picture_are_judged_by_picture():
    units = [0] * 5 + [1] * 5
    verdict = verdict_on(_run([2] * 5 + [1] * 5, units=units), _run([1] * 10, units=units))
    assert (verdict.test, verdict.units, verdict.p) == ("sign_flip", 2, 1.0)


def test_a_query_that_occurs_twice_is_refused():
    twice = Outcomes(np.array([3, 1, 3]), np.array([3, 1, 3]), np.array([1, 2, 1]), np.array([3, 0, 3]))
    with pytest.raises(ValueError, match="query 3 occurs 2 times"):
        verdict_on(twice, twice)


def test_columns_of_other_lengths_are_refused():
    whole = _run([1, 2, 1])
    short = Outcomes(whole.numbers_Q, whole.units_Q, whole.ranks_Q[:2], whole.first_Q)
    with pytest.raises(ValueError, match="differ in length: 3 numbers, 3 units, 2 ranks, 3 first"):
        verdict_on(whole, short)


def test_queries_out_of_order_are_compared_as_they_stand():
    mixed = Outcomes(np.array([2, 0, 1]), np.array([2, 0, 1]), np.array([1, 2, 1]), np.array([2, 9, 1]))
    assert verdict_on(mixed, mixed).still_right == 2


def test_runs_on_other_queries_are_refused():
    with pytest.raises(ValueError, match="same queries"):
        verdict_on(_run([1, 2]), _run([1, 2, 3]))
    with pytest.raises(ValueError, match="no query"):
        verdict_on(_run([]), _run([]))
