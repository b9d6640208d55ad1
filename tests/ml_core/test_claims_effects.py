"""What a run did to each category: counts of labelled queries, and totals by design that hold on average."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ml_core.claims.design import known_total, sampled_total, together
from ml_core.claims.plan import Label, Plan, Stratum
from ml_core.claims.statistics import compute
from ml_core.metrics.uncertainty import How
from tests.ml_core.claimed import DATA, way

HOW = How(resamples=300, seed=0)
# 100 pictures: the baseline fails on the first 60; run b repairs 0 … 19 and breaks 60 … 63.
BEFORE = np.array([2] * 60 + [1] * 40)
AFTER = np.array([1] * 20 + [2] * 44 + [1] * 36)


def category(number: int) -> str:
    """Even pictures are matters of count, odd ones of attribute."""
    return "attribute" if number % 2 else "count"


def effects(labels: list[Label], strata: dict[str, Stratum]) -> dict[str, Any]:
    runs = {"a": {"i2t": way("i2t", BEFORE)}, "b": {"i2t": way("i2t", AFTER)}}
    plan = Plan("a", ("a", "b"), data_hash=DATA, strata=strata, resamples=300)
    return compute(runs, labels, plan)["effects"]["b"]["i2t"]


def labels_of(numbers: range | np.ndarray, stratum: str) -> list[Label]:
    return [Label("i2t", f"p{number}", category(number), stratum=stratum) for number in numbers]


FAILURES = Stratum("i2t", "failures", 60)


def test_what_a_fix_broke_is_counted_as_unlabelled_and_no_net_is_told() -> None:
    found = effects(labels_of(range(10, 40), "f"), {"f": FAILURES})
    assert (found["broken"], found["broken_unlabelled"]) == (4, 4)
    count = found["categories"]["count"]
    assert (count["failures"], count["repaired"], count["still_wrong"]) == (15, 5, 10)
    assert count["net"] is None
    assert count["why"] == "4 of the 4 queries that this run broke have no label: label the broken ones."
    assert found["strata"]["f"] == {"of": "failures", "population": 60, "labelled": 30, "weight": 2.0}


def test_once_the_broken_ones_are_labelled_the_net_is_told_by_weight() -> None:
    labels = labels_of(range(10, 40), "f") + labels_of(range(60, 64), "b")
    found = effects(labels, {"f": FAILURES, "b": Stratum("i2t", "broken", 4, run="b")})
    count = found["categories"]["count"]
    assert found["broken_unlabelled"] == 0
    assert count["why"] == "" and count["broken"] == 2
    assert count["net"]["value"] == pytest.approx(2 * 5 - 2)
    assert count["net"]["low"] < 8 < count["net"]["high"]


def test_sampled_successes_stand_in_for_the_broken_ones_by_weight() -> None:
    labels = labels_of(range(60), "f") + labels_of(range(60, 80), "s")
    found = effects(labels, {"f": FAILURES, "s": Stratum("i2t", "successes", 40)})
    assert found["categories"]["count"]["net"]["value"] == pytest.approx(10 - 2)  # every broken one is labelled
    labels = labels_of(range(60), "f") + labels_of(range(62, 82), "s")
    found = effects(labels, {"f": FAILURES, "s": Stratum("i2t", "successes", 40)})
    assert found["categories"]["count"]["net"]["value"] == pytest.approx(10 - 2 * 1)


def test_strata_count_by_how_many_queries_a_label_stands_for() -> None:
    labels = labels_of(range(0, 10), "hard") + labels_of(range(20, 60), "easy")
    strata = {"hard": Stratum("i2t", "failures", 20), "easy": Stratum("i2t", "failures", 40)}
    count = effects(labels, strata)["categories"]["count"]
    assert count["repaired_share"]["value"] == pytest.approx(5 * 2 / (5 * 2 + 20))
    assert count["repaired"] / count["failures"] == pytest.approx(5 / 25)


@pytest.mark.parametrize(
    ("strata", "said"),
    [
        ({}, "do not say by what chance"),
        ({"f": Stratum("i2t", "failures", 70)}, "drawn from 70 failures of another run; the baseline has 60"),
        ({"f": FAILURES, "g": Stratum("i2t", "failures", 3)}, "'g' of failures has no label"),
    ],
)
def test_a_net_is_told_only_for_a_known_sample_of_the_baselines_failures(strata: Any, said: str) -> None:
    labels = labels_of(range(10, 40), "f" if strata else "")
    count = effects(labels, strata)["categories"]["count"]
    assert count["net"] is None and said in count["why"]
    assert count["repaired"] == 5


def test_no_repair_among_few_labels_rules_little_out() -> None:
    total = sampled_total(np.zeros(10, int), np.arange(10), 200, HOW)
    assert total.value == 0 and total.low == 0
    assert total.high is not None and total.high > 40


def test_totals_of_samples_hold_on_average_and_their_intervals_cover() -> None:
    rng = np.random.default_rng(3)
    repaired_F = rng.random(600) < 0.3
    broken_S = rng.random(400) < 0.1
    truth = repaired_F.sum() - broken_S.sum()
    values, covered = [], 0
    for _ in range(300):
        failures, successes = rng.permutation(600)[:80], rng.permutation(400)[:60]
        net = together(
            [
                (1, sampled_total(repaired_F[failures].astype(int), failures, 600, HOW)),
                (-1, sampled_total(broken_S[successes].astype(int), successes, 400, HOW)),
            ]
        )
        assert net.low is not None and net.high is not None
        values.append(net.value)
        covered += net.low <= truth <= net.high
    assert np.mean(values) == pytest.approx(truth, abs=8)
    assert 0.91 <= covered / 300 <= 1


def test_the_known_total_is_the_count() -> None:
    hits_Q = np.array([1, 0, 0, 1] * 25)
    total = known_total(hits_Q, np.arange(100), HOW)
    assert total.value == 50 and total.low is not None and total.low < 50


def test_the_net_of_a_category_covers_what_the_whole_set_gained() -> None:
    rng = np.random.default_rng(8)
    covered, values = 0, []
    for _ in range(100):  # 60 of 100 failures and 120 of 200 successes have a label
        after = np.where(np.arange(300) < 100, 1 + (rng.random(300) > 0.3), 1 + (rng.random(300) < 0.1))
        failures, successes = rng.permutation(100)[:60], 100 + rng.permutation(200)[:120]
        labels = labels_of(failures, "f") + labels_of(successes, "s")
        runs = {"a": {"i2t": way("i2t", np.repeat([2, 1], [100, 200]))}, "b": {"i2t": way("i2t", after)}}
        strata = {"f": Stratum("i2t", "failures", 100), "s": Stratum("i2t", "successes", 200)}
        found = compute(runs, labels, Plan("a", ("a", "b"), data_hash=DATA, strata=strata, resamples=200))
        net = found["effects"]["b"]["i2t"]["categories"]["count"]["net"]
        even = np.arange(300) % 2 == 0
        truth = (even[:100] & (after[:100] == 1)).sum() - (even[100:] & (after[100:] == 2)).sum()
        covered += net["low"] <= truth <= net["high"]
        values.append(net["value"] - truth)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values)) + 0.1
    assert 90 <= covered <= 100
