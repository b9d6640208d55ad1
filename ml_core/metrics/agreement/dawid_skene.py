"""Dawid and Skene's consensus: each annotator's own confusion, the categories' shares and each item's likely truth.

A. P. Dawid, A. M. Skene: Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm, Applied
Statistics 28 (1979). Start, steps, bounds and end are crowd-kit's, and so are the numbers (to 1e-9): from the shares of
an item's labels, until the bound per label gains less than `tolerance`. Its bound adds the log prior once a label, not
once an item; kept, because it decides where the iterations end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from ml_core.metrics.agreement.tallies import MISSING

ITERATIONS, TOLERANCE = 100, 1e-5
_LEAST = 1e-10


class Consensus(NamedTuple):
    """What the iterations found. An item that nobody labelled has the priors as its posterior and label −1."""

    posteriors_IC: np.ndarray
    priors_C: np.ndarray
    errors_ACC: np.ndarray  # annotator × truth × said; nan for an annotator who labelled nothing
    labels_I: np.ndarray  # the likeliest; of equals the category that comes first
    tied_I: np.ndarray
    labelled_I: np.ndarray
    iterations: int
    converged: bool
    bound: float  # evidence lower bound per label, as crowd-kit counts it


def dawid_skene(
    labels_IA: np.ndarray, categories: int, *, iterations: int = ITERATIONS, tolerance: float = TOLERANCE
) -> Consensus:
    """The consensus on items × annotators of labels 0..C-1, −1 where there is none. Two matrix products an iteration.

    Items with the same labels are alike and computed once. A category that never occurs has no share in anything.
    """
    labelled_I: np.ndarray = np.any(labels_IA >= 0, axis=1)
    if not labelled_I.any():
        return _nothing(labels_IA, categories)
    kinds_KA, place_L, weights_K = _distinct(labels_IA[labelled_I], categories)
    said_KX, used_X = one_hot(kinds_KA, categories)
    occurs_C: np.ndarray = np.any(used_X.reshape(-1, categories), axis=0)
    number_K = (kinds_KA >= 0).sum(1).astype(np.float64)
    work = _Work(said_KX, said_KX.T.tocsr(), used_X, weights_K.astype(np.float64), number_K, occurs_C)
    posteriors_KC = work.shares()
    priors_C, errors_XC = work.maximise(posteriors_KC)
    likely_KC = work.likelihoods(errors_XC)
    bound, converged, done = -np.inf, False, 0
    for done in range(1, iterations + 1):  # noqa: B007 (told in the result)
        posteriors_KC = work.expect(priors_C, likely_KC)
        priors_C, errors_XC = work.maximise(posteriors_KC)
        likely_KC = work.likelihoods(errors_XC)  # the bound's, and the next step's
        before, bound = bound, work.bound(posteriors_KC, priors_C, likely_KC)
        if bound - before < tolerance:
            converged = True
            break
    posteriors_IC = np.tile(priors_C, (len(labels_IA), 1))
    posteriors_IC[labelled_I] = posteriors_KC[place_L]
    errors_ACC = errors_XC.reshape(-1, categories, categories).transpose(0, 2, 1)
    silent_A: np.ndarray = ~np.any(used_X.reshape(-1, categories), axis=1)
    errors_ACC = np.where(silent_A[:, None, None], np.nan, errors_ACC)
    labels_I, tied_I = _likeliest(posteriors_IC, labelled_I)
    return Consensus(posteriors_IC, priors_C, errors_ACC, labels_I, tied_I, labelled_I, done, converged, float(bound))


def one_hot(labels_KA: np.ndarray, categories: int) -> tuple[csr_array, np.ndarray]:
    """(K, A·C) ones where an annotator said a category, sparse; and which columns hold any."""
    rows, annotators = np.nonzero(labels_KA >= 0)
    columns = annotators * categories + labels_KA[rows, annotators]
    width = labels_KA.shape[1] * categories
    used_X = np.bincount(columns, minlength=width) > 0
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(labels_KA), width)), used_X


class _Work(NamedTuple):
    """The steps of the iterations on the distinct kinds of items; X runs over annotators × what they said."""

    said_KX: csr_array
    said_XK: csr_array
    used_X: np.ndarray
    weights_K: np.ndarray
    number_K: np.ndarray  # labels an item
    occurs_C: np.ndarray

    def shares(self) -> np.ndarray:
        """The share of each category in each item's labels, where the iterations start."""
        categories = len(self.occurs_C)
        fold_XC = np.tile(np.eye(categories), (len(self.used_X) // categories, 1))
        counts_KC = self.said_KX @ fold_XC
        return counts_KC / counts_KC.sum(1, keepdims=True)

    def maximise(self, posteriors_KC: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Priors (C,) and, for each truth, the share of what each annotator said (X, C); only said labels share."""
        categories = len(self.occurs_C)
        weighted_KC = posteriors_KC * self.weights_K[:, None]
        counts_XC = np.maximum(self.said_XK @ weighted_KC, _LEAST) * self.used_X[:, None]
        counts_ASC = counts_XC.reshape(-1, categories, categories)
        totals_A1C = counts_ASC.sum(1, keepdims=True)
        errors_ASC = np.divide(counts_ASC, totals_A1C, out=np.zeros_like(counts_ASC), where=totals_A1C > 0)
        return weighted_KC.sum(0) / self.weights_K.sum(), errors_ASC.reshape(-1, categories)

    def likelihoods(self, errors_XC: np.ndarray) -> np.ndarray:
        """(K, C) logarithm of how likely an item's labels are for each truth."""
        return self.said_KX @ np.log(np.where(self.used_X[:, None], errors_XC, 1))

    def expect(self, priors_C: np.ndarray, likely_KC: np.ndarray) -> np.ndarray:
        """(K, C) posteriors of the truth."""
        logs_KC = likely_KC + np.where(self.occurs_C, np.log(np.maximum(priors_C, _LEAST)), -np.inf)
        found_KC = np.exp(logs_KC - logs_KC.max(1, keepdims=True))
        return found_KC / found_KC.sum(1, keepdims=True)

    def bound(self, posteriors_KC: np.ndarray, priors_C: np.ndarray, likely_KC: np.ndarray) -> float:
        """crowd-kit's evidence lower bound per label."""
        joint_KC = likely_KC + np.log(np.maximum(priors_C, _LEAST)) * self.number_K[:, None]
        least_KC = np.maximum(posteriors_KC, _LEAST)
        gain_KC = np.where(self.occurs_C, posteriors_KC * joint_KC - least_KC * np.log(least_KC), 0)
        return float(self.weights_K @ gain_KC.sum(1) / (self.weights_K @ self.number_K))


def _distinct(labels_LA: np.ndarray, categories: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct rows of labels, which of them each item shows, how many items show each."""
    items, annotators = labels_LA.shape
    if (categories + 1) ** annotators < 2**62:
        powers_A = (categories + 1) ** np.arange(annotators, dtype=np.int64)
        _, first, place, counts = np.unique(
            (labels_LA + 1) @ powers_A, return_index=True, return_inverse=True, return_counts=True
        )
        return labels_LA[first], place, counts
    return labels_LA, np.arange(items), np.ones(items, dtype=np.int64)


def _likeliest(posteriors_IC: np.ndarray, labelled_I: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    near_IC = posteriors_IC >= posteriors_IC.max(1, keepdims=True) - 1e-9
    labels_I = np.where(labelled_I, near_IC.argmax(1), MISSING)
    return labels_I, labelled_I & (near_IC.sum(1) > 1)


def _nothing(labels_IA: np.ndarray, categories: int) -> Consensus:
    items, annotators = labels_IA.shape
    even_C = np.full(categories, 1 / categories)
    return Consensus(
        np.tile(even_C, (items, 1)),
        even_C,
        np.full((annotators, categories, categories), np.nan),
        np.full(items, MISSING),
        np.zeros(items, dtype=bool),
        np.zeros(items, dtype=bool),
        0,
        True,
        0.0,
    )
