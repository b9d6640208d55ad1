"""Coefficients against plain loops and the krippendorff package; their intervals; what must not matter."""

from __future__ import annotations

import importlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.metrics.agreement.coefficients import NAMES, features, pair_table, values
from ml_core.metrics.agreement.overall import overall, overall_of_tallies, pair_of_table, pairs
from ml_core.metrics.agreement.paradox import kappa_paradox
from ml_core.metrics.agreement.resampling import resampled_sums
from ml_core.metrics.agreement.tallies import collapse, tally

C = 4


@st.composite
def labels(draw: st.DrawFn) -> np.ndarray:
    items, annotators = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    cells = draw(st.lists(st.integers(-1, C - 1), min_size=items * annotators, max_size=items * annotators))
    return np.array(cells).reshape(items, annotators)


def naive(labels_IA: np.ndarray) -> dict[str, float]:
    """The four coefficients by loops over pairs, from their definitions."""
    units = [[int(v) for v in row if v >= 0] for row in labels_IA]
    paired = [u for u in units if len(u) >= 2]
    labelled = [u for u in units if u]
    found = dict.fromkeys(NAMES, np.nan)
    if not paired:
        return found
    agree = np.mean([np.mean([a == b for a, b in itertools.permutations(u, 2)]) for u in paired])
    pi = [np.mean([np.mean([v == c for v in u]) for u in labelled]) for c in range(C)]
    scale = len({v for u in labelled for v in u})
    chance = sum(p * p for p in pi)
    pooled = [v for u in paired for v in u]
    observed = sum(sum(a != b for a, b in itertools.permutations(u, 2)) / (len(u) - 1) for u in paired) / len(pooled)
    expected = np.mean([a != b for a, b in itertools.permutations(pooled, 2)])
    found["percent_agreement"] = float(agree)
    if chance < 1 - 1e-9:
        found["fleiss_kappa"] = float((agree - chance) / (1 - chance))
        spread = sum(p * (1 - p) for p in pi) / (scale - 1)
        found["gwet_ac1"] = float((agree - spread) / (1 - spread))
    if expected > 0:
        found["krippendorff_alpha"] = float(1 - observed / expected)
    return found


def plain(labels_IA: np.ndarray) -> dict[str, float]:
    return {
        name: np.nan if found.value is None else found.value
        for name, found in overall(labels_IA, C, resamples=100).items()
    }


def same(one: dict[str, float], other: dict[str, float]) -> None:
    for name in NAMES:
        np.testing.assert_allclose(one[name], other[name], atol=1e-9, err_msg=name)


@settings(max_examples=150, deadline=None)
@given(labels())
def test_vectorised_coefficients_are_those_of_plain_loops(labels_IA: np.ndarray) -> None:
    same(plain(labels_IA), naive(labels_IA))


@settings(max_examples=60, deadline=None)
@given(labels(), st.randoms(use_true_random=False))
def test_order_of_items_and_annotators_and_names_of_categories_do_not_matter(labels_IA, random) -> None:
    rows, columns, names = (random.sample(range(n), n) for n in (*labels_IA.shape, C))
    renamed = np.append(names, -1)[labels_IA]
    moved = renamed[rows][:, columns]
    same(plain(labels_IA), plain(moved))
    one, other = overall(labels_IA, C, resamples=200), overall(renamed, C, resamples=200)
    for name in NAMES:
        assert (one[name].low is None) == (other[name].low is None) and one[name].n == other[name].n


@settings(max_examples=60, deadline=None)
@given(labels(), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_items_alike_are_counted_not_repeated(labels_IA: np.ndarray, times: list[int]) -> None:
    counts = np.array(times[: len(labels_IA)])
    sums_F = counts @ features(tally(labels_IA, C))
    repeated = np.repeat(labels_IA, counts, axis=0)
    if (repeated >= 0).any():
        scale = int((tally(repeated, C).sum(0) > 0).sum())
        found = {name: float(value[0]) for name, value in values(sums_F, scale).items()}
        if np.isfinite(found["percent_agreement"]):
            same(found, naive(repeated))
    distinct = collapse(tally(labels_IA, C))
    np.testing.assert_array_equal(distinct.distinct_TC[distinct.place_I], tally(labels_IA, C))
    assert distinct.counts_T.sum() == len(labels_IA)


def test_a_multinomial_over_kinds_resamples_as_drawing_items_does() -> None:
    rng = np.random.default_rng(0)
    labels_IA = np.where(rng.random((60, 3)) < 0.7, rng.integers(0, C, (60, 1)), rng.integers(0, C, (60, 3)))
    tallies = collapse(tally(labels_IA, C))
    ours = values(resampled_sums(features(tallies.distinct_TC), tallies.counts_T, resamples=4000), C)
    rows_IF = features(tally(labels_IA, C))
    drawn = np.stack([rows_IF[rng.integers(0, 60, 60)].sum(0) for _ in range(4000)])
    for name, theirs_B in values(drawn, C).items():
        assert abs(ours[name].mean() - theirs_B.mean()) < 5 * theirs_B.std() / np.sqrt(2000)
        assert ours[name].std() == pytest.approx(theirs_B.std(), rel=0.08)


def test_the_krippendorff_package_says_the_same() -> None:
    try:
        package = importlib.import_module("krippendorff")
    except ModuleNotFoundError:
        pytest.skip("the krippendorff package is not installed (requirements/bench.txt)")
    rng = np.random.default_rng(1)
    labels_IA = rng.integers(-1, C, (200, 5))
    theirs = package.alpha(np.where(labels_IA < 0, np.nan, labels_IA).T, level_of_measurement="nominal")
    assert overall(labels_IA, C, resamples=100)["krippendorff_alpha"].value == pytest.approx(theirs, abs=1e-12)


def test_one_category_alone_leaves_kappa_undefined_and_says_why() -> None:
    found = overall(np.zeros((20, 3), dtype=int), C)
    assert found["percent_agreement"].value == 1.0 and 0.8 < found["percent_agreement"].low < 0.9
    for name in ("krippendorff_alpha", "fleiss_kappa", "gwet_ac1"):
        assert found[name].value is None and "only one category" in found[name].why
    table = np.zeros((C, C), dtype=int)
    table[2, 2] = 9
    assert pair_of_table(table)["cohen_kappa"].value is None


def test_without_two_labels_of_an_item_there_is_no_agreement_to_tell() -> None:
    found = overall(np.array([[0, -1], [-1, 1]]), C)
    assert all(one.value is None and one.n == 0 and "two annotators" in one.why for one in found.values())
    assert pairs(np.array([[0, -1], [-1, 1]]), C) == ([], 0)
    assert overall(np.empty((0, 0), dtype=int), C)["fleiss_kappa"].value is None


def test_perfect_agreement_is_not_certain() -> None:
    labels_IA = np.repeat(np.arange(30)[:, None] % C, 3, axis=1)
    for finding in overall(labels_IA, C).values():
        assert finding.value == 1.0 and finding.high == 1.0 and 0.8 < finding.low < 0.95
    assert overall(labels_IA[:1], C)["percent_agreement"].low < 0.3


def test_the_sas_table_of_two_annotators() -> None:
    found = pair_of_table(np.array([[0, 4, 1], [0, 8, 0], [0, 1, 5]]))["cohen_kappa"]
    assert found.value == pytest.approx(0.4842, abs=5e-5)
    assert abs(found.low - 0.2137) < 0.08 and abs(found.high - 0.7547) < 0.08 and found.n == 19


def test_a_pairs_table_counts_common_items_only_and_the_busiest_pairs_are_kept() -> None:
    labels_IA = np.array([[0, 1, -1], [2, 2, 2], [3, -1, 3], [1, 1, -1]])
    np.testing.assert_array_equal(pair_table(labels_IA[:, 0], labels_IA[:, 1], C).sum(), 3)
    found, left_out = pairs(labels_IA, C, most=1, resamples=100)
    assert left_out == 2 and (found[0].first, found[0].second) == (0, 1)
    assert found[0].table_CC[0, 1] == 1 and found[0].table_CC[2, 2] == 1


def test_kappa_is_warned_of_where_one_category_drowns_the_rest() -> None:
    rng = np.random.default_rng(0)
    names = ["common", "rare", "c", "d"]
    labels_IA = (rng.random((300, 2)) < 0.05).astype(int)
    found = kappa_paradox(labels_IA, names)
    assert found.dominating == 0 and "common" in found.sentence and "κ is low" in found.sentence
    assert found.prevalence == pytest.approx(0.9, abs=0.05) and found.bias < 0.05
    varied = np.repeat(rng.integers(0, C, (300, 1)), 2, axis=1)
    assert kappa_paradox(varied, names).sentence == ""
    assert "not defined" in kappa_paradox(np.zeros((30, 2), dtype=int), names).sentence
    assert kappa_paradox(labels_IA[:, :1], names).prevalence is None


def draw(rng: np.random.Generator, items: int, prior: list[float], right: float) -> np.ndarray:
    truth_I = rng.choice(len(prior), size=items, p=prior)
    wrong_IA = (truth_I[:, None] + rng.integers(1, len(prior), (items, 3))) % len(prior)
    return np.where(rng.random((items, 3)) < right, truth_I[:, None], wrong_IA)


@pytest.mark.parametrize(
    ("prior", "right"),
    [([0.25, 0.2, 0.15, 0.12, 0.1, 0.1, 0.08], 0.8), ([0.88, *[0.02] * 6], 0.9)],
    ids=["seven categories", "one dominates"],
)
def test_intervals_of_thirty_items_cover_what_many_items_have(prior: list[float], right: float) -> None:
    rng, rounds = np.random.default_rng(7), 300
    large = overall(draw(rng, 300_000, prior, right), 7, resamples=100)
    covered = dict.fromkeys(NAMES, 0)
    for seed in range(rounds):
        for name, found in overall(draw(rng, 30, prior, right), 7, resamples=400, seed=seed).items():
            covered[name] += found.low <= large[name].value <= found.high
    for name, hits in covered.items():
        assert hits / rounds > 0.95 - 3 * np.sqrt(0.95 * 0.05 / rounds), (name, hits / rounds)


def test_a_tally_refuses_numbers_that_are_no_category() -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        tally(np.array([[4]]), C)
    with pytest.raises(ValueError, match="items × annotators"):
        overall_of_tallies(tally(np.array([1, 2]), C))
