"""Vectors of different kinds laid out on one sheet: a single joint t-SNE, so that places can be compared."""

from __future__ import annotations

import numpy as np
from openTSNE import TSNE

PERPLEXITY = 30.0
EARLY, LATE = 250, 500  # iterations
EXACT_TO = 1_000  # vectors up to which every pair is measured for neighbours
BARNES_HUT_TO = 5_000  # vectors up to which forces are summed over a tree, beyond it over a grid
_FEWEST = 4


def joint(vectors_NE: np.ndarray, *, seed: int, perplexity: float = PERPLEXITY) -> np.ndarray:
    """Places of N unit vectors on a sheet, (N, 2) float64: one fit of all of them, started from their principal axes.

    The same seed gives the same places, and equal vectors share one. The perplexity is at most a third of the others.
    Fewer than four different vectors are laid out by their principal axes alone.

    Source: van der Maaten and Hinton 2008; Poličar, Stražar and Zupan 2024 (openTSNE).
    """
    distinct_ME, place_N = np.unique(vectors_NE.astype(np.float64), axis=0, return_inverse=True)
    count = len(distinct_ME)
    if count < _FEWEST:
        return _principal(distinct_ME)[place_N]
    fit = TSNE(
        perplexity=bounded(perplexity, count),
        metric="euclidean",  # of unit vectors: in the order of their cosines
        initialization="pca",
        neighbors="exact" if count <= EXACT_TO else "annoy",
        negative_gradient_method="bh" if count <= BARNES_HUT_TO else "fft",
        early_exaggeration_iter=EARLY,
        n_iter=LATE,
        random_state=seed,
        n_jobs=1,  # many threads wait for each other at this size, and sums keep their order
    )
    return np.asarray(fit.fit(distinct_ME), np.float64)[place_N]


def bounded(perplexity: float, count: int) -> float:
    """What the number of vectors allows."""
    return max(1.0, min(perplexity, (count - 1) / 3))


def _principal(vectors_NE: np.ndarray) -> np.ndarray:
    centred_NE = vectors_NE.astype(np.float64) - vectors_NE.mean(axis=0, dtype=np.float64)
    left, size, _ = np.linalg.svd(centred_NE, full_matrices=False)
    found_N2 = np.zeros((len(vectors_NE), 2))
    kept = min(2, left.shape[1])
    found_N2[:, :kept] = left[:, :kept] * size[:kept]
    return found_N2
