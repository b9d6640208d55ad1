"""Dawid and Skene's model on many resamples at once, anchored by known truths, for shares corrected for label error.

An item counts with a weight, so the shares are those of the population that the weighted sample stands for
(pseudo-maximum likelihood). The shares of the truth that the model finds are the correction of the observed ones by the
annotators' misclassification matrices: with one annotator and a known matrix it is Rogan and Gladen's (1978) for any
number of categories, kept between 0 and 1 (Buonaccorsi, Measurement Error, 2010, chapter 2 and 3).

An annotator's matrix is drawn towards that of all annotators together, and that slightly towards the diagonal: rows
with few labels would else be fitted to chance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

POOLING = 4.0  # labels that all annotators' common matrix counts for in a row of one annotator's
DIAGONAL = 5.0  # labels that a careful annotator counts for in a row of the common matrix
_CARE = 0.8  # how often a careful annotator is right
_LEAST = 1e-10
_CELLS = 3_000_000


class Kinds(NamedTuple):
    """Distinct items: what was said as one-hot columns annotator × category (K, A·C), and the truth or −1."""

    said_KX: np.ndarray
    known_K: np.ndarray
    categories: int


class Fit(NamedTuple):
    """Shares of the truth (B, C) and of what each annotator said for each truth (B, A, said, truth)."""

    shares_BC: np.ndarray
    errors_BASC: np.ndarray


def fit(
    kinds: Kinds,
    weights_BK: np.ndarray,
    *,
    start: Fit | None = None,
    pooling: float = POOLING,
    diagonal: float = DIAGONAL,
    iterations: int = 200,
    tolerance: float = 1e-3,
) -> Fit:
    """The model of each row of weights; `start` is a fit of one row to start from, else the shares of the labels."""
    step = max(1, _CELLS // (len(kinds.known_K) * kinds.categories))
    parts = [
        _fit(kinds, weights_BK[first : first + step], start, pooling, diagonal, iterations, tolerance)
        for first in range(0, len(weights_BK), step)
    ]
    return Fit(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def posteriors(kinds: Kinds, found: Fit) -> np.ndarray:
    """(B, K, C) how likely each truth is of each kind of item; known truths are certain."""
    return np.ascontiguousarray(_expect(kinds, _turned(found)).transpose(2, 1, 0))


class _Turned(NamedTuple):
    """A fit with the resamples last and the truth first: sums over either then run along whole rows of memory."""

    shares_CB: np.ndarray
    errors_CASB: np.ndarray


def _turned(found: Fit) -> _Turned:
    return _Turned(
        np.ascontiguousarray(found.shares_BC.T), np.ascontiguousarray(found.errors_BASC.transpose(3, 1, 2, 0))
    )


def _fit(
    kinds: Kinds,
    weights_BK: np.ndarray,
    start: Fit | None,
    pooling: float,
    diagonal: float,
    iterations: int,
    tolerance: float,
) -> Fit:
    weights_KB = np.ascontiguousarray(weights_BK.T)
    posteriors_CKB = _first(kinds) if start is None else _expect(kinds, _turned(start))
    found = _maximise(kinds, weights_KB, posteriors_CKB, pooling, diagonal)
    for _ in range(iterations):
        before_CB = found.shares_CB
        found = _maximise(kinds, weights_KB, _expect(kinds, found), pooling, diagonal)
        if np.abs(found.shares_CB - before_CB).max() < tolerance:
            break
    return Fit(found.shares_CB.T, found.errors_CASB.transpose(3, 1, 2, 0))


def _first(kinds: Kinds) -> np.ndarray:
    counts_KC = kinds.said_KX.reshape(len(kinds.said_KX), -1, kinds.categories).sum(1)
    shares_KC = counts_KC / np.maximum(counts_KC.sum(1, keepdims=True), 1)
    return _anchor(kinds, shares_KC.T[:, :, None].copy())


def _anchor(kinds: Kinds, posteriors_CKB: np.ndarray) -> np.ndarray:
    known_K = kinds.known_K >= 0
    posteriors_CKB[:, known_K] = np.eye(kinds.categories)[:, kinds.known_K[known_K], None]
    return posteriors_CKB


def _expect(kinds: Kinds, found: _Turned) -> np.ndarray:
    logs_CASB = np.log(np.maximum(found.errors_CASB, _LEAST))
    logs_CKB = kinds.said_KX @ logs_CASB.reshape(kinds.categories, kinds.said_KX.shape[1], -1)
    logs_CKB += np.log(np.maximum(found.shares_CB, _LEAST))[:, None]
    logs_CKB -= logs_CKB.max(0)
    likely_CKB = np.exp(logs_CKB, out=logs_CKB)
    likely_CKB /= likely_CKB.sum(0)
    return _anchor(kinds, likely_CKB)


def _maximise(
    kinds: Kinds, weights_KB: np.ndarray, posteriors_CKB: np.ndarray, pooling: float, diagonal: float
) -> _Turned:
    categories, resamples = kinds.categories, weights_KB.shape[1]
    weighted_CKB = posteriors_CKB * weights_KB
    shares_CB = weighted_CKB.sum(1) / weights_KB.sum(0)
    counts_CXB = kinds.said_KX.T @ weighted_CKB
    counts_CASB = counts_CXB.reshape(categories, -1, categories, resamples)
    care_CS = np.where(np.eye(categories, dtype=bool), _CARE, (1 - _CARE) / max(categories - 1, 1))
    common_CSB = counts_CASB.sum(1) + diagonal * care_CS[:, :, None]
    common_CSB = common_CSB / np.maximum(common_CSB.sum(1, keepdims=True), _LEAST)
    counts_CASB = counts_CASB + pooling * common_CSB[:, None]
    return _Turned(shares_CB, counts_CASB / np.maximum(counts_CASB.sum(2, keepdims=True), _LEAST))
