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
    return _expect(kinds, *found)


def _fit(
    kinds: Kinds,
    weights_BK: np.ndarray,
    start: Fit | None,
    pooling: float,
    diagonal: float,
    iterations: int,
    tolerance: float,
) -> Fit:
    posteriors_BKC = _first(kinds)[None] if start is None else _expect(kinds, *start)
    shares_BC, errors_BASC = _maximise(kinds, weights_BK, posteriors_BKC, pooling, diagonal)
    for _ in range(iterations):
        posteriors_BKC = _expect(kinds, shares_BC, errors_BASC)
        before_BC = shares_BC
        shares_BC, errors_BASC = _maximise(kinds, weights_BK, posteriors_BKC, pooling, diagonal)
        if np.abs(shares_BC - before_BC).max() < tolerance:
            break
    return Fit(shares_BC, errors_BASC)


def _first(kinds: Kinds) -> np.ndarray:
    counts_KC = kinds.said_KX.reshape(len(kinds.said_KX), -1, kinds.categories).sum(1)
    shares_KC = counts_KC / np.maximum(counts_KC.sum(1, keepdims=True), 1)
    return _anchor(kinds, shares_KC[None])[0]


def _anchor(kinds: Kinds, posteriors_BKC: np.ndarray) -> np.ndarray:
    known_K = kinds.known_K >= 0
    posteriors_BKC[:, known_K] = np.eye(kinds.categories)[kinds.known_K[known_K]]
    return posteriors_BKC


def _expect(kinds: Kinds, shares_BC: np.ndarray, errors_BASC: np.ndarray) -> np.ndarray:
    logs_BXC = np.log(np.maximum(errors_BASC, _LEAST)).reshape(len(errors_BASC), -1, kinds.categories)
    logs_BKC = kinds.said_KX @ logs_BXC + np.log(np.maximum(shares_BC, _LEAST))[:, None]
    logs_BKC -= logs_BKC.max(2, keepdims=True)
    likely_BKC = np.exp(logs_BKC, out=logs_BKC)
    likely_BKC /= likely_BKC.sum(2, keepdims=True)
    return _anchor(kinds, likely_BKC)


def _maximise(
    kinds: Kinds, weights_BK: np.ndarray, posteriors_BKC: np.ndarray, pooling: float, diagonal: float
) -> tuple[np.ndarray, np.ndarray]:
    categories = kinds.categories
    weighted_BKC = posteriors_BKC * weights_BK[:, :, None]
    shares_BC = weighted_BKC.sum(1) / weights_BK.sum(1, keepdims=True)
    counts_BXC = kinds.said_KX.T @ weighted_BKC
    counts_BASC = counts_BXC.reshape(len(weights_BK), -1, categories, categories)
    care_SC = np.where(np.eye(categories, dtype=bool), _CARE, (1 - _CARE) / max(categories - 1, 1))
    common_BSC = counts_BASC.sum(1) + diagonal * care_SC
    common_BSC = common_BSC / np.maximum(common_BSC.sum(1, keepdims=True), _LEAST)
    counts_BASC = counts_BASC + pooling * common_BSC[:, None]
    return shares_BC, counts_BASC / np.maximum(counts_BASC.sum(2, keepdims=True), _LEAST)
