"""Re-ranks the first answers by the words that a query shares with a text of each picture (TF-IDF).

A picture's text is what a model generated for it, or what people wrote. Of what people wrote, the captions of the
query's own picture are left out, all of them, so that no caption of the right picture ever speaks for it. That can be
had in two ways. What people wrote about the picture itself: the right picture then has no text and gets the mean of the
others; as some wrong one is always above the mean, this is biased against the right answer. What people wrote about the
pictures most like it that are no answers themselves: the right picture and the wrong ones are treated exactly alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from ml_core.retrieval.blocks import Ranked
from ml_core.retrieval.pairs import Pairs
from ml_core.spec import BadInput

_CELLS = 2_000_000  # cosines looked at together, 8 MB
_ROWS = 512  # pictures whose neighbours are looked for together


class Words:
    """Queries and pictures' texts as TF-IDF vectors of unit length, and the cosine of any pair of them.

    `texts_N` is each picture's text, "" for none. `own_M` is the picture of each query that has no say for it, -1 for
    none. Word weights come from the pictures' texts. With `like_NJ`, the pictures most like each, the nearest first, an
    answer is spoken for by the first `speakers` of them that are neither among the answers nor the query's own.
    """

    def __init__(
        self,
        queries_M: Sequence[str],
        texts_N: Sequence[str],
        own_M: np.ndarray,
        ngrams: int = 1,
        like_NJ: np.ndarray | None = None,
        speakers: int = 1,
    ):
        vectoriser = TfidfVectorizer(ngram_range=(1, ngrams), dtype=np.float32)
        try:
            self._texts = vectoriser.fit_transform(texts_N).T.tocsr()
        except ValueError as error:  # an empty vocabulary
            raise BadInput(f"the texts of the pictures hold no words: {error}", field="lexical") from error
        self._queries = vectoriser.transform(queries_M)
        self._silent_N = np.fromiter((not text.strip() for text in texts_N), dtype=bool, count=len(texts_N))
        self._own_M, self._like_NJ, self._speakers = own_M, like_NJ, speakers

    def scores(self, query_Q: np.ndarray, images_QT: np.ndarray) -> np.ndarray:
        """What words say of the T answers of each query, (Q, T) float32: cosines, or means over those who speak."""
        found_QT = np.empty(images_QT.shape, dtype=np.float32)
        width = len(self._silent_N) + images_QT.shape[1] * (0 if self._like_NJ is None else self._like_NJ.shape[1])
        step = max(1, _CELLS // width)
        for start in range(0, len(query_Q), step):
            rows = slice(start, start + step)
            cosines_RN = (self._queries[query_Q[rows]] @ self._texts).toarray()
            if self._like_NJ is None:
                said_RT = np.take_along_axis(cosines_RN, images_QT[rows], axis=1)
                found_QT[rows] = self._evened(said_RT, query_Q[rows], images_QT[rows])
            else:
                found_QT[rows] = self._spoken(cosines_RN, self._like_NJ, query_Q[rows], images_QT[rows])
        return found_QT

    def _spoken(
        self, cosines_RN: np.ndarray, like_NJ: np.ndarray, query_R: np.ndarray, images_RT: np.ndarray
    ) -> np.ndarray:
        """Were answers to speak for each other, only the right one, whose own captions are left out, would be spoken
        for by the wrong ones and not the other way round."""
        barred_RN = np.zeros(cosines_RN.shape, dtype=bool)
        np.put_along_axis(barred_RN, images_RT, True, axis=1)
        np.put_along_axis(barred_RN, self._own_M[query_R][:, None], True, axis=1)
        like_RTJ = like_NJ[images_RT]
        rows_R11 = np.arange(len(query_R))[:, None, None]
        free_RTJ = ~barred_RN[rows_R11, like_RTJ]
        speaks_RTJ = free_RTJ & (np.cumsum(free_RTJ, axis=2) <= self._speakers)
        sums_RT = np.where(speaks_RTJ, cosines_RN[rows_R11, like_RTJ], 0).sum(axis=2)
        return sums_RT / np.maximum(speaks_RTJ.sum(axis=2), 1)

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
