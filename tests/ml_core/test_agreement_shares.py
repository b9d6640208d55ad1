"""Shares of all failures: weighting, correction, what is enough, and intervals that cover the truth."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ml_core.agreement.shares import shares_report
from ml_core.metrics.agreement.anchored import Kinds, fit
from ml_core.metrics.agreement.sentences import SENTENCES
from ml_core.metrics.agreement.shares import Sample, enough, extrapolated_shares
from ml_core.spec import BadInput

PRIOR = np.array([0.28, 0.22, 0.16, 0.12, 0.1, 0.08, 0.04])
C, KEYS = len(PRIOR), ["ambiguous", "attribute", "action", "count", "context", "spatial", "object"]


def matrices(rng: np.random.Generator, right: list[float]) -> np.ndarray:
    """(A, truth, said): each annotator right this often, their errors drawn towards some categories."""
    errors_ATS = np.zeros((len(right), C, C))
    for annotator, often in enumerate(right):
        for truth in range(C):
            off = rng.dirichlet(np.full(C - 1, 0.6)) * (1 - often)
            errors_ATS[annotator, truth] = np.insert(off, truth, often)
    return errors_ATS


def campaign(
    rng: np.random.Generator, errors_ATS: np.ndarray, *, overlap: int, share: int, prior: np.ndarray = PRIOR
) -> tuple[np.ndarray, np.ndarray]:
    """Truths (I,) and labels (I, A): `overlap` items by everybody, `share` more by each alone."""
    annotators = len(errors_ATS)
    truth_I = rng.choice(C, size=overlap + annotators * share, p=prior)
    labels_IA = np.full((len(truth_I), annotators), -1)
    for annotator, errors_TS in enumerate(errors_ATS):
        start = overlap + annotator * share
        own = np.r_[:overlap, start : start + share]
        reached = errors_TS[truth_I[own]].cumsum(1)
        labels_IA[own, annotator] = np.minimum((rng.random((len(own), 1)) > reached).sum(1), C - 1)
    return truth_I, labels_IA


def sample(labels_IA: np.ndarray, known_I: np.ndarray | None = None) -> Sample:
    items = len(labels_IA)
    known_I = np.full(items, -1) if known_I is None else known_I
    return Sample(labels_IA, known_I, known_I >= 0, np.zeros(items, dtype=int), np.array([17_389.0]))


@pytest.mark.parametrize(
    ("overlap", "share", "right", "gold", "by", "rounds"),
    [
        (30, 50, [0.9, 0.85, 0.9], 0, "", 150),
        (30, 50, [0.8, 0.75, 0.8], 0, "", 150),
        (30, 50, [0.85, 0.75, 0.8], 60, "gold", 60),
        (100, 50, [0.85, 0.75, 0.8], 0, "overlap", 50),
    ],
    ids=["default campaign", "default campaign, careless", "default campaign with gold", "large overlap"],
)
def test_intervals_cover_the_truth(
    overlap: int, share: int, right: list[float], gold: int, by: str, rounds: int
) -> None:
    rng = np.random.default_rng(11)
    covered_C = np.zeros(C)
    for seed in range(rounds):
        truth_I, labels_IA = campaign(rng, matrices(rng, right), overlap=overlap, share=share)
        known_I = np.where(np.arange(len(truth_I)) < gold, truth_I, -1)
        found = extrapolated_shares(sample(labels_IA, known_I), C, resamples=100, seed=seed)
        assert found.enough.by == by and found.doubt == (not by)
        covered_C += [one.low <= share <= one.high for one, share in zip(found.all, PRIOR, strict=True)]
    together = covered_C.sum() / (rounds * C)
    assert together > 0.95 - 3 * np.sqrt(0.95 * 0.05 / (rounds * C) * 2), together  # shares of one round lean together
    assert (covered_C / rounds > 0.95 - 4 * np.sqrt(0.95 * 0.05 / rounds)).all(), covered_C / rounds


def test_labels_as_they_stand_would_not_cover_it_and_the_correction_is_nearer() -> None:
    rng = np.random.default_rng(5)
    errors_ATS = matrices(rng, [0.8, 0.75, 0.8])
    _, labels_IA = campaign(rng, errors_ATS, overlap=400, share=800)
    found = extrapolated_shares(sample(labels_IA), C, resamples=100)
    plain = np.array([one.value for one in found.uncorrected])
    corrected = np.array([one.value for one in found.all])
    assert np.abs(corrected - PRIOR).sum() < 0.7 * np.abs(plain - PRIOR).sum()
    assert all(one.low <= share <= one.high for one, share in zip(found.all, PRIOR, strict=True))
    assert not all(one.low <= share <= one.high for one, share in zip(found.uncorrected, PRIOR, strict=True))


def test_one_annotator_with_gold_is_rogan_and_gladen() -> None:
    """Two categories, sensitivity 0.9, specificity 0.8, 38 % said yes: (0.38 + 0.8 − 1) / 0.7."""
    gold = [(0, 0, 80_000), (0, 1, 20_000), (1, 1, 90_000), (1, 0, 10_000)]  # truth, said, items
    rest = [(-1, 0, 62), (-1, 1, 38)]
    rows = np.array(gold + rest)
    kinds = Kinds(np.eye(2)[rows[:, 1]], np.where(rows[:, 0] >= 0, rows[:, 0], -1), 2)
    only_rest_K = np.where(rows[:, 0] >= 0, 0, rows[:, 2]).astype(float)
    weights_BK = rows[None, :, 2].astype(float)
    errors = fit(kinds, weights_BK, iterations=1).errors_BASC[0, 0]
    assert errors[1, 1] == pytest.approx(0.9, abs=1e-3) and errors[0, 0] == pytest.approx(0.8, abs=1e-3)
    wanted = (0.38 + 0.8 - 1) / (0.9 + 0.8 - 1)
    share = fit(kinds, weights_BK, iterations=2000, tolerance=1e-12).shares_BC[0] @ [0, 1]
    known = (90_000 + 10_000 + wanted * only_rest_K.sum()) / rows[:, 2].sum()
    assert share == pytest.approx(known, abs=1e-4)


def test_strata_are_weighted_by_their_size() -> None:
    labels_IA = np.array([[0]] * 40 + [[1]] * 10)
    strata_I = np.array([0] * 40 + [1] * 10)
    unknown_I = np.full(50, -1)
    found = extrapolated_shares(
        Sample(labels_IA, unknown_I, unknown_I >= 0, strata_I, np.array([100.0, 900.0])), 3, resamples=200
    )
    assert [round(one.value, 9) for one in found.all] == [0.1, 0.9, 0.0]
    assert found.sample[0].value == 0.8
    assert found.all[2].low == 0 and found.all[2].high > 0.02  # never seen is not never there
    with pytest.raises(ValueError, match="no size"):
        extrapolated_shares(Sample(labels_IA, unknown_I, unknown_I >= 0, strata_I, np.array([100.0, 0.0])), 3)


def test_what_is_enough() -> None:
    labels_IA = np.zeros((120, 3), dtype=int)
    assert enough(sample(labels_IA)).by == "overlap"
    assert enough(sample(labels_IA[:99])) == (0, 99, "", 50, 1, 1.0)
    assert enough(sample(labels_IA[:99], np.zeros(99, dtype=int))).by == "gold"
    two = labels_IA.copy()
    two[:, 2] = -1
    assert enough(sample(two)).by == ""  # of two annotators it cannot be told who erred
    apart = np.random.default_rng(0).integers(0, C, (120, 3))
    assert enough(sample(apart)).by == "" and enough(sample(apart)).missing_overlap == 0
    report = shares_report(
        rows(apart),
        taxonomy_keys=KEYS,
        strata=dict.fromkeys((f"{item:04}" for item in range(120)), ""),
        population={"": 500},
        resamples=100,
    )
    assert "50 more gold items" in report["why"] and "of pairs only" in report["why"]


@pytest.mark.parametrize(("annotators", "joins"), [(1, True), (2, True), (3, False)])
def test_where_fewer_than_three_people_label_a_correction_wants_a_third_to_join(annotators: int, joins: bool) -> None:
    report = shares_report(
        rows(np.zeros((20, annotators), dtype=int)),
        taxonomy_keys=KEYS,
        strata=dict.fromkeys((f"{item:04}" for item in range(20)), ""),
        population={"": 500},
        resamples=100,
    )
    assert report["needed"]["overlap"] == (80 if annotators == 3 else 100)
    assert ("a third annotator has to join" in report["why"]) == joins
    assert report["why_said"]["code"] in SENTENCES


def rows(labels_IA: np.ndarray) -> list[tuple[str, str, str]]:
    return [(f"{i:04}", "ABC"[a], KEYS[labels_IA[i, a]]) for i, a in zip(*np.nonzero(labels_IA >= 0), strict=True)]


@pytest.mark.parametrize("rule", ["majority", "consensus"])
def test_the_report_says_what_it_rests_on(rule: str) -> None:
    rng = np.random.default_rng(0)
    _, labels_IA = campaign(rng, matrices(rng, [0.9, 0.9, 0.9]), overlap=30, share=50)
    strata = {f"{item:04}": "near" if item % 2 else "far" for item in range(185)}
    report = shares_report(
        rows(labels_IA),
        taxonomy_keys=KEYS,
        strata=strata,
        population={"near": 9000, "far": 1000, "none": 5},
        decided={"0000": "object"},
        rule=rule,
        groups={"ambiguous": KEYS[:1], "clear": KEYS[1:]},
        resamples=200,
    )
    json.dumps(report, allow_nan=False)
    assert not report["corrected"] and report["allows_for_error"]
    assert report["needed"] == {"gold": 50, "overlap": 70} and "70 more items" in report["why"]
    assert report["settled"]["0000"] == "object" and len(report["settled"]) == report["items"] == 180
    for part in ("sample", "all", "uncorrected"):
        assert sum(one["value"] for one in report[part].values()) == pytest.approx(1)
        both = [report["groups"][name][part]["value"] for name in ("ambiguous", "clear")]
        assert sum(both) == pytest.approx(1) and both[0] == pytest.approx(report[part]["ambiguous"]["value"])
    for key in KEYS:
        inner, outer = report["uncorrected"][key], report["all"][key]
        assert outer["low"] <= inner["low"] + 0.02 and outer["high"] >= inner["high"] - 0.02
    assert any("none" in line for line in report["warnings"]) and any(
        "5 sampled" in line for line in report["warnings"]
    )


@pytest.mark.parametrize("rule", ["majority", "consensus"])
def test_a_decision_counts_before_a_planted_truth_that_still_counts_as_gold(rule: str) -> None:
    labels = [(f"{item:04}", who, "object") for item in range(10) for who in "AB"]
    report = shares_report(
        labels,
        taxonomy_keys=KEYS,
        strata=dict.fromkeys((f"{item:04}" for item in range(10)), ""),
        population={"": 100},
        gold={"0001": "object", "0002": "action"},
        decided={"0001": "count"},
        rule=rule,
        resamples=100,
    )
    assert (report["settled"]["0001"], report["settled"]["0002"]) == ("count", "action")
    shares = {key: one["value"] for key, one in report["sample"].items() if one["value"]}
    assert shares == {"object": 0.8, "count": 0.1, "action": 0.1}
    assert report["gold_items"] == 2


def test_a_report_of_nothing_or_of_an_unknown_stratum_is_refused() -> None:
    with pytest.raises(BadInput, match="nothing is labelled"):
        shares_report([], taxonomy_keys=KEYS, strata={}, population={"": 10})
    with pytest.raises(BadInput, match="stratum 'x'"):
        shares_report([("1", "A", "object")], taxonomy_keys=KEYS, strata={"1": "x"}, population={"": 10})
    with pytest.raises(BadInput, match="no such category"):
        shares_report([("1", "A", "odd")], taxonomy_keys=KEYS, strata={"1": ""}, population={"": 10})
