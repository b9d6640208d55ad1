"""Makes one answer of K templates: pools their scores, or their embeddings, and ranks like one encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml_core.methods.retrieval_improve import Pooling
from ml_core.retrieval.pairs import Pairs, Scored, unit_rows

LOGIT_SCALE = 100.0  # a cosine as the logit that CLIP's softmax sees
_CELLS = 1_000_000  # scores of all templates held at a time, 4 MB
_ROWS = 4096


def pool_scores(scores_KP: np.ndarray, pooling: Pooling, tau: float = 1.0) -> np.ndarray:
    """Cosines of K templates, (K, …), as one cosine each, (…); of one template, or of K equal ones, the same cosine.

    `mean`; `max`; `logsumexp`: τ·log Σ exp(s/τ) of the logits s = 100 cosines, less the constant τ·log K that changes
    no order, as a cosine again: between mean (τ → ∞) and max (τ → 0). On raw cosines τ = 1 would be just the mean.
    """
    if pooling == "max":
        return scores_KP.max(axis=0)
    if pooling == "logsumexp":
        high_P = scores_KP.max(axis=0)
        parts_KP = np.subtract(scores_KP, high_P)
        parts_KP *= scores_KP.dtype.type(LOGIT_SCALE / tau)
        np.exp(parts_KP, out=parts_KP)
        return high_P + np.log(parts_KP.mean(axis=0)) * scores_KP.dtype.type(tau / LOGIT_SCALE)
    return scores_KP.mean(axis=0)


def mean_rows(texts_KME: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of each row over the K arrays, (M, E) float32; of one array the array itself."""
    if len(texts_KME) == 1:
        return texts_KME[0]
    mean_ME = np.empty_like(texts_KME[0], dtype=np.float32)
    for start in range(0, len(mean_ME), _ROWS):
        rows = slice(start, start + _ROWS)
        mean_ME[rows] = sum(texts_ME[rows].astype(np.float64) for texts_ME in texts_KME) / len(texts_KME)
    return mean_ME


def pool_embeddings(texts_KME: Sequence[np.ndarray]) -> np.ndarray:
    """Normalise, mean, normalise: (M, E) float32. ValueError where the templates of a text cancel out."""
    return unit_rows(mean_rows([unit_rows(texts_ME) for texts_ME in texts_KME]))


def pooled(base: Pairs, texts_KME: Sequence[np.ndarray], pooling: Pooling, tau: float) -> Scored:
    """What ranks captions by the K unit embeddings of each of them, (K, M, E); `base` brings pictures and order.

    The mean of scores is the score of the mean vector, so it costs one product instead of K.
    """
    if len(texts_KME) == 1:
        return replace(base, texts_ME=texts_KME[0])
    if pooling == "embeddings":
        return replace(base, texts_ME=pool_embeddings(texts_KME))
    if pooling == "mean":
        return replace(base, texts_ME=mean_rows(texts_KME))
    return Pooled(base, texts_KME, pooling, tau)


class Pooled:
    """Scores pooled over templates, block by block: never more than a few rows of K × N scores at a time."""

    def __init__(self, base: Pairs, texts_KME: Sequence[np.ndarray], pooling: Pooling, tau: float):
        self._pairs = [replace(base, texts_ME=texts_ME) for texts_ME in texts_KME]
        self._images_EN, self._pooling, self._tau = base.images_NE.T, pooling, tau
        self.items_M, self.image_order_N, self.text_order_M = base.items_M, base.image_order_N, base.text_order_M
        # Pooling is 1-Lipschitz in the scores; the logarithm and the exponentials round on the scale of τ.
        self.slack = base.slack + 2.0**-24 * (2 + (2 * len(texts_KME) + 8) * tau / LOGIT_SCALE)

    def fill(self, start: int, scores_BN: np.ndarray) -> None:
        """Writes the pooled scores of captions `start` … against every picture into the block, float32."""
        templates, columns = len(self._pairs), scores_BN.shape[1]
        step = max(1, _CELLS // (templates * columns))
        for at in range(0, len(scores_BN), step):
            rows = slice(start + at, start + min(at + step, len(scores_BN)))
            texts_KRE = np.stack([pairs.texts_ME[rows] for pairs in self._pairs])
            found = np.matmul(texts_KRE.reshape(-1, texts_KRE.shape[2]), self._images_EN)
            scores_KRN = found.reshape(templates, -1, columns)
            scores_BN[at : at + step] = pool_scores(scores_KRN, self._pooling, self._tau)

    def scores(self, text_P: np.ndarray, image_P: np.ndarray) -> np.ndarray:
        """Pooled scores of P (caption, picture) pairs in double precision, (P,)."""
        scores_KP = np.stack([pairs.scores(text_P, image_P) for pairs in self._pairs])
        return pool_scores(scores_KP, self._pooling, self._tau)
