"""Dawid and Skene's consensus equals crowd-kit's; unlabelled items, ties, silent annotators."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from ml_core.metrics.agreement.dawid_skene import dawid_skene
from ml_core.metrics.agreement.majority import majority, right_shares, tie_share
from ml_core.metrics.agreement.tallies import tally


def crowd(rng: np.random.Generator, items: int, annotators: int, categories: int, missing: float) -> np.ndarray:
    truth_I = rng.integers(0, categories, items)
    noise_IA = rng.integers(0, categories, (items, annotators))
    labels_IA = np.where(rng.random((items, annotators)) < 0.65, truth_I[:, None], noise_IA)
    labels_IA[rng.random((items, annotators)) < missing] = -1
    return labels_IA


@pytest.mark.filterwarnings("ignore")  # its pandas is of an earlier year
@pytest.mark.parametrize(
    ("items", "annotators", "categories", "missing"),
    [(60, 3, 7, 0.3), (300, 5, 4, 0.2), (200, 8, 3, 0.5), (100, 200, 6, 0.96)],
)
@pytest.mark.parametrize("iterations", [1, 7, 100])
def test_it_equals_crowd_kit(items: int, annotators: int, categories: int, missing: float, iterations: int) -> None:
    try:
        pandas, crowdkit = importlib.import_module("pandas"), importlib.import_module("crowdkit.aggregation")
    except ModuleNotFoundError:
        pytest.skip("crowd-kit is not installed (requirements/dev.txt)")
    labels_IA = crowd(np.random.default_rng(items + iterations), items, annotators, categories, missing)
    task, worker = np.nonzero(labels_IA >= 0)
    frame = pandas.DataFrame({"task": task, "worker": worker, "label": labels_IA[task, worker]})
    theirs = crowdkit.DawidSkene(n_iter=iterations).fit(frame)
    ours = dawid_skene(labels_IA, categories, iterations=iterations)
    order = list(range(categories))
    named = theirs.probas_.loc[np.flatnonzero(ours.labelled_I), order].to_numpy()
    np.testing.assert_allclose(ours.posteriors_IC[ours.labelled_I], named, atol=1e-9)
    np.testing.assert_allclose(ours.priors_C, theirs.priors_[order].to_numpy(), atol=1e-9)
    for (annotator, said), row in theirs.errors_[order].iterrows():
        np.testing.assert_allclose(ours.errors_ACC[annotator, :, said], row.to_numpy(), atol=1e-9)
    assert ours.iterations == len(theirs.loss_history_)
    assert ours.bound == pytest.approx(theirs.loss_history_[-1], abs=1e-9)


def test_an_item_that_nobody_labelled_has_the_priors_and_leaves_the_others_alone() -> None:
    labels_IA = crowd(np.random.default_rng(0), 80, 4, 5, 0.2)
    labels_IA = labels_IA[(labels_IA >= 0).any(1)]
    alone = dawid_skene(labels_IA, 5)
    beside = dawid_skene(np.vstack([np.full(4, -1), labels_IA, np.full(4, -1)]), 5)
    np.testing.assert_allclose(beside.posteriors_IC[1:-1], alone.posteriors_IC, atol=1e-12)
    np.testing.assert_array_equal(beside.posteriors_IC[0], beside.priors_C)
    assert not beside.labelled_I[0] and beside.labels_I[0] == -1 and not beside.tied_I[0]
    assert np.isfinite(beside.posteriors_IC).all()


def test_nothing_labelled_and_nobody_there_are_answers_too() -> None:
    for labels_IA in (np.full((3, 2), -1), np.empty((0, 0), dtype=int)):
        found = dawid_skene(labels_IA, 4)
        assert found.converged and (found.labels_I == -1).all() and found.priors_C.tolist() == [0.25] * 4


def test_an_annotator_who_said_nothing_has_no_matrix_and_a_category_never_said_no_share() -> None:
    labels_IA = crowd(np.random.default_rng(2), 50, 3, 3, 0.0)
    found = dawid_skene(np.column_stack([labels_IA, np.full(50, -1)]), 5)
    assert np.isnan(found.errors_ACC[3]).all()
    assert found.priors_C[3:].tolist() == [0, 0] and found.priors_C.sum() == pytest.approx(1)
    np.testing.assert_allclose(found.posteriors_IC[:, :3], dawid_skene(labels_IA, 3).posteriors_IC, atol=1e-12)
    np.testing.assert_allclose(found.errors_ACC[0][:3].sum(1), 1)


def test_whether_it_settled_is_told() -> None:
    labels_IA = crowd(np.random.default_rng(0), 300, 4, 5, 0.2)
    assert not dawid_skene(labels_IA, 5, iterations=2).converged
    assert dawid_skene(labels_IA, 5, iterations=500).converged


def test_a_tie_goes_to_the_first_category_and_is_marked() -> None:
    counts_IC = tally(np.array([[2, 1, -1], [0, 0, 1], [-1, -1, -1], [1, -1, -1]]), 3)
    found = majority(counts_IC)
    assert found.labels_I.tolist() == [1, 0, -1, 1] and found.tied_I.tolist() == [True, False, False, False]
    assert tie_share(found, counts_IC) == 0.5
    assert tie_share(majority(counts_IC[3:]), counts_IC[3:]) is None


def test_of_a_tie_the_majority_is_partly_right() -> None:
    counts_IC = tally(np.array([[2, 1], [0, 0], [1, 2], [0, 1]]), 3)
    assert right_shares(majority(counts_IC), np.array([2, 0, 0, -1])).tolist() == [0.5, 1.0, 0.0]
