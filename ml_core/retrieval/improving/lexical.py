"""Re-ranks the first answers by the words that a query shares with a text of each picture (TF-IDF).

A picture's text is what a model generated for it, or what people wrote. Of what people wrote, the captions of the
query's own picture are left out, all of them, so that no caption of the right picture ever speaks for it. That can be
had in two ways. What people wrote about the picture itself: the right picture then has no text and gets the mean of the
others; as some wrong one is always above the mean, this is biased against the right answer. What people wrote about the
pictures most like it: every picture, the right one too, is spoken for by as many others, and all are treated alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from ml_core.retrieval.blocks import Ranked
from ml_core.retrieval.pairs import Pairs
from ml_core.spec import BadInput

_PAIRS = 200_000  # pairs of a query and a picture looked at together
_ROWS = 512  # pictures whose neighbours are looked for together


class Words:
    """Queries and pictures' texts as TF-IDF vectors of unit length, and the cosine of any pair of them.

    `texts_N` is each picture's text, "" for none. `own_M` is the picture of each query that has no say for it, -1 for
    none. Word weights come from the pictures' texts. With `like_NJ` a picture is spoken for by its first J - 1
    neighbours there, the last stepping in where the query's own picture is one of them: the mean of their cosines.
    """

    def __init__(
        self,
        queries_M: Sequence[str],
        texts_N: Sequence[str],
        own_M: np.ndarray,
        ngrams: int = 1,
        like_NJ: np.ndarray | None = None,
    ):
        vectoriser = TfidfVectorizer(ngram_range=(1, ngrams), dtype=np.float32)
        try:
            self._texts = vectoriser.fit_transform(texts_N)
        except ValueError as error:  # an empty vocabulary
            raise BadInput(f"the texts of the pictures hold no words: {error}", field="lexical") from error
        self._queries = vectoriser.transform(queries_M)
        self._silent_N = np.fromiter((not text.strip() for text in texts_N), dtype=bool, count=len(texts_N))
        self._own_M, self._like_NJ = own_M, like_NJ
        if like_NJ is not None:
            self._spoken = self._mean_of(like_NJ[:, :-1])

    def scores(self, query_Q: np.ndarray, images_QT: np.ndarray) -> np.ndarray:
        """Cosines of each query with its T pictures, (Q, T) float32; the mean of its others for one without a text."""
        found_QT = np.empty(images_QT.shape, dtype=np.float32)
        step = max(1, _PAIRS // max(1, images_QT.shape[1]))
        for start in range(0, len(query_Q), step):
            images_RT = images_QT[start : start + step]
            text_P = np.repeat(query_Q[start : start + step], images_RT.shape[1])
            found_P = self._said(text_P, images_RT.ravel())
            found_QT[start : start + step] = found_P.reshape(images_RT.shape)
        return found_QT if self._like_NJ is not None else self._evened(found_QT, query_Q, images_QT)

    def _said(self, text_P: np.ndarray, image_P: np.ndarray) -> np.ndarray:
        if self._like_NJ is None:
            return self._cosines(text_P, self._texts, image_P)
        found_P = self._cosines(text_P, self._spoken, image_P)
        own_P = self._own_M[text_P]
        like_PJ = self._like_NJ[image_P]
        (left_out,) = np.nonzero((like_PJ[:, :-1] == own_P[:, None]).any(axis=1))
        text_L = text_P[left_out]
        own_L = self._cosines(text_L, self._texts, own_P[left_out])
        last_L = self._cosines(text_L, self._texts, like_PJ[left_out, -1])
        found_P[left_out] += (last_L - own_L) / (like_PJ.shape[1] - 1)
        return found_P

    def _cosines(self, text_P: np.ndarray, texts: Any, image_P: np.ndarray) -> np.ndarray:
        return np.asarray(self._queries[text_P].multiply(texts[image_P]).sum(axis=1)).ravel()

    def _mean_of(self, like_NK: np.ndarray) -> Any:
        """The mean of each picture's neighbours' vectors, sparse."""
        pictures, count = like_NK.shape
        ends = np.arange(0, pictures * count + 1, count)
        weights = np.full(pictures * count, 1 / count, dtype=np.float32)
        return csr_matrix((weights, like_NK.ravel(), ends), shape=(pictures, pictures)) @ self._texts

    def _evened(self, found_QT: np.ndarray, query_Q: np.ndarray, images_QT: np.ndarray) -> np.ndarray:
        """The same with the mean of a query's others for a picture without a text."""
        silent_QT = self._silent_N[images_QT] | (images_QT == self._own_M[query_Q][:, None])
        heard_Q = np.maximum((~silent_QT).sum(axis=1), 1)
        mean_Q = np.where(silent_QT, 0, found_QT).sum(axis=1) / heard_Q
        return np.where(silent_QT, mean_Q[:, None], found_QT).astype(np.float32)


def neighbours(base: Pairs, count: int) -> np.ndarray:
    """The `count` captioned pictures most like each picture, without itself, the nearest first: (N, count) places.

    Fewer where there are fewer; never the whole N × N of similarities at once.
    """
    captioned_C = np.unique(base.items_M)
    count = min(count, len(captioned_C) - 1)
    near_NJ = np.empty((len(base.images_NE), count), dtype=np.int64)
    for start in range(0, len(near_NJ), _ROWS):
        rows_R = np.arange(start, min(start + _ROWS, len(near_NJ)))
        alike_RC = base.images_NE[rows_R] @ base.images_NE[captioned_C].T
        alike_RC[rows_R[:, None] == captioned_C] = -np.inf
        some_RJ = np.argpartition(-alike_RC, count - 1, axis=1)[:, :count]
        order_RJ = np.argsort(-np.take_along_axis(alike_RC, some_RJ, axis=1), axis=1, kind="stable")
        near_NJ[rows_R] = captioned_C[np.take_along_axis(some_RJ, order_RJ, axis=1)]
    return near_NJ


def captions_of(texts_M: Sequence[str], items_M: np.ndarray, pictures: int) -> list[str]:
    """What people wrote about each picture, its captions one after the other: N texts, "" where there is none."""
    parts: list[list[str]] = [[] for _ in range(pictures)]
    for text, item in zip(texts_M, items_M.tolist(), strict=True):
        parts[item].append(text)
    return ["\n".join(part) for part in parts]


def reranked(ranked: Ranked, words_QT: np.ndarray, weight: float) -> Ranked:
    """The first T answers of each query in the order of (1 - weight) · model + weight · words; the rest stays behind.

    Both are scaled to 0…1 within the first T of a query. Answers that come out equal keep the model's order, and so
    does everything for a weight of 0. Scores are the mixed ones; those beyond the first T are ≤ 0.
    """
    if weight == 0:
        return ranked
    top = words_QT.shape[1]
    low_Q1, range_Q1 = _span(ranked.scores_QK[:, :top])
    scores_QK = (1 - weight) * (ranked.scores_QK.astype(np.float64) - low_Q1) / range_Q1
    low_words_Q1, range_words_Q1 = _span(words_QT)
    scores_QK[:, :top] += weight * (words_QT - low_words_Q1) / range_words_Q1
    order_QT = np.argsort(-scores_QK[:, :top], axis=1, kind="stable")
    given_QK = ranked.given_QK.copy()
    given_QK[:, :top] = np.take_along_axis(ranked.given_QK[:, :top], order_QT, axis=1)
    scores_QK[:, :top] = np.take_along_axis(scores_QK[:, :top], order_QT, axis=1)
    right_QT = given_QK[:, :top] == ranked.right_Q[:, None]
    inside_Q, place_Q = right_QT.any(axis=1), right_QT.argmax(axis=1)
    beyond_Q = (1 - weight) * (ranked.score_Q - low_Q1[:, 0]) / range_Q1[:, 0]
    return replace(
        ranked,
        score_Q=np.where(inside_Q, scores_QK[np.arange(len(place_Q)), place_Q], beyond_Q).astype(np.float32),
        rank_Q=np.where(inside_Q, place_Q + 1, ranked.rank_Q).astype(np.int32),
        given_QK=given_QK,
        scores_QK=scores_QK.astype(np.float32),
    )


def _span(scores_QT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest score of each row and how far the highest is from it (1 where they are the same): (Q, 1) each."""
    low_Q1 = scores_QT.min(axis=1, keepdims=True).astype(np.float64)
    range_Q1 = scores_QT.max(axis=1, keepdims=True) - low_Q1
    return low_Q1, np.where(range_Q1 > 0, range_Q1, 1)
