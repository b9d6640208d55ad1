"""Measures of classification against scikit-learn, their intervals against a resampling loop, and their corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, top_k_accuracy_score

from ml_core.metrics.classification import (
    Answers,
    calibration_error,
    confusion,
    counts,
    estimates,
    f1_by_class,
    f1_changes,
    f1_estimates,
    macro,
)
from ml_core.metrics.uncertainty import How, wilson

HOW = How(resamples=400, seed=3)


def drawn(pictures: int, classes: int, seed: int = 0, skill: float = 0.6) -> Answers:
    """Random answers, `skill` of them right."""
    rng = np.random.default_rng(seed)
    label_N = rng.integers(0, classes, pictures)
    given_N = np.where(rng.random(pictures) < skill, label_N, rng.integers(0, classes, pictures))
    rank_N = np.where(given_N == label_N, 1, rng.integers(2, classes + 2, pictures))
    return Answers(label_N, given_N, classes, rank_N, rng.uniform(0.05, 1, pictures))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40))
def test_precision_recall_and_f1_are_those_of_scikit_learn(classes: int, cells: list[tuple[int, int]]) -> None:
    pairs = np.array(cells) % classes
    answers = Answers(pairs[:, 0], pairs[:, 1], classes)
    theirs = precision_recall_fscore_support(*pairs.T, average="macro", zero_division=0)
    assert macro(counts(answers)) == pytest.approx(theirs[:3])
    by_class = precision_recall_fscore_support(*pairs.T, labels=range(classes), zero_division=0)
    assert f1_by_class(counts(answers)) == pytest.approx(by_class[2])
    label_P, given_P, count_P = confusion(answers)
    matrix = np.zeros((classes, classes), int)
    matrix[label_P, given_P] = count_P
    assert matrix.tolist() == confusion_matrix(*pairs.T, labels=range(classes)).tolist()


def test_accuracy_within_k_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    scores_NC, label_N = rng.random((300, 7)), rng.integers(0, 7, 300)
    rank_N = (scores_NC > scores_NC[np.arange(300), label_N][:, None]).sum(1) + 1
    found = estimates(Answers(label_N, scores_NC.argmax(1), 7, rank_N), (1, 5), HOW)
    for k in (1, 5):
        assert found[f"accuracy@{k}"].value == pytest.approx(top_k_accuracy_score(label_N, scores_NC, k=k))


def test_the_calibration_error_is_the_mean_gap_of_fifteen_bins() -> None:
    answers = drawn(500, 6, seed=2)
    total = 0.0
    for b in range(15):
        inside = (answers.confidence_N > b / 15) & (answers.confidence_N <= (b + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(answers.right_N[inside].mean() - answers.confidence_N[inside].mean())
    assert calibration_error(answers) == pytest.approx(total)
    sure = Answers(np.array([0, 1]), np.array([0, 1]), 2, confidence_N=np.array([1.0, 0.0]))
    assert calibration_error(sure) == pytest.approx(0.5)


def test_intervals_are_those_of_a_loop_that_resamples_pictures() -> None:
    answers = drawn(400, 8, seed=4)
    ours = estimates(answers, (1,), How(resamples=4000, seed=0))
    rng, loop, ece = np.random.default_rng(9), [], []
    for _ in range(4000):
        part = answers.chosen(rng.integers(0, 400, 400))
        loop.append(macro(counts(part)))
        ece.append(calibration_error(part))
    for name, values in zip(("precision/macro", "recall/macro", "f1/macro"), np.array(loop).T, strict=True):
        low, high = np.quantile(values, (0.025, 0.975))
        spread = high - low
        assert ours[name].low == pytest.approx(low, abs=0.08 * spread)
        assert ours[name].high == pytest.approx(high, abs=0.08 * spread)
        assert ours[name].n == 400
    assert ours["ece"].high == pytest.approx(np.quantile(ece, 0.975), rel=0.05)
    assert ours["ece"].low <= ours["ece"].value <= ours["ece"].high


def test_what_is_all_right_or_all_wrong_has_wilsons_interval() -> None:
    label_N = np.arange(12) % 3
    for given_N, value in ((label_N, 1.0), ((label_N + 1) % 3, 0.0)):
        answers = Answers(label_N, given_N, 3)
        found = estimates(answers, (1,), HOW)
        for name in ("accuracy@1", "precision/macro", "recall/macro", "f1/macro"):
            assert found[name] == (value, *wilson(12 * value, 12), 12)
        assert [one and one[:] for one in f1_estimates(answers, HOW)] == [(value, *wilson(4 * value, 4), 4)] * 3


def test_a_change_of_f1_is_drawn_with_both_answers_of_a_picture() -> None:
    before, after = drawn(300, 4, seed=1, skill=0.4), drawn(300, 4, seed=1, skill=0.7)
    found = f1_changes(before, after, HOW)
    rng, looped = np.random.default_rng(0), []
    for _ in range(400):
        which_N = rng.integers(0, 300, 300)
        was, now = (f1_by_class(counts(answers.chosen(which_N))) for answers in (before, after))
        looped.append(now - was)
    low_C, high_C = np.percentile(looped, [2.5, 97.5], axis=0)
    assert [one.value for one in found] == (f1_by_class(counts(after)) - f1_by_class(counts(before))).tolist()
    assert [one.low for one in found] == pytest.approx(low_C, abs=0.03)
    assert [one.high for one in found] == pytest.approx(high_C, abs=0.03)
    assert [one.n for one in found] == np.bincount(after.label_N, minlength=4).tolist()


def test_a_change_that_no_resample_shows_is_still_unsure() -> None:
    answers = Answers(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 3)
    assert f1_changes(answers, answers, HOW) == [(0, -wilson(0, 2)[1], wilson(0, 2)[1], 2)] * 2 + [None]
    never = Answers(answers.label_N, np.full(4, 2), 3)
    assert f1_changes(never, never, HOW)[0].value == 0
    with pytest.raises(ValueError, match="same pictures"):
        f1_changes(answers, drawn(4, 3, seed=5), HOW)


def test_a_class_without_pictures_has_no_f1_and_does_not_lower_the_mean() -> None:
    answers = Answers(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 3)
    assert f1_estimates(answers, HOW)[2] is None
    assert macro(counts(answers))[1] == pytest.approx(0.75)


def test_one_picture_of_one_class_is_measured_and_none_is_not() -> None:
    one = Answers(np.array([0]), np.array([0]), 1, np.array([1]), np.array([1.0]))
    found = estimates(one, (1,), HOW)
    assert found["f1/macro"].value == 1.0 and found["f1/macro"].low == pytest.approx(wilson(1, 1)[0])
    assert found["ece"] == (0.0, None, None, 1)
    with pytest.raises(ValueError, match="no picture"):
        estimates(one.chosen(np.zeros(1, bool)), (1,), HOW)


def test_ranks_are_needed_beyond_the_first_answer() -> None:
    with pytest.raises(ValueError, match="accuracy@5 needs the ranks"):
        estimates(Answers(np.array([0]), np.array([0]), 9), (1, 5), HOW)
