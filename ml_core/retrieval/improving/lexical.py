"""Re-ranks the first answers by the words that a query shares with a text of each picture (TF-IDF).

A picture's text is what a model generated for it, or what people wrote about it. In what people wrote, the captions of
the query's own picture are left out, all of them: the right picture has no text for that query. A picture without a
text gets the mean of the others, so that having none neither helps nor harms; the right answer moves only because
wrong ones share fewer or more words with the query than is usual among the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from ml_core.retrieval.blocks import Ranked
from ml_core.spec import BadInput

_PAIRS = 200_000  # pairs of a query and a picture looked at together


class Words:
    """Queries and pictures' texts as TF-IDF vectors of unit length, and the cosine of any pair of them.

    `texts_N` is each picture's text, "" for none. `own_M` is the picture of each query that has no say for it, -1 for
    none. Word weights come from the pictures' texts.
    """

    def __init__(self, queries_M: Sequence[str], texts_N: Sequence[str], own_M: np.ndarray, ngrams: int = 1):
        vectoriser = TfidfVectorizer(ngram_range=(1, ngrams), dtype=np.float32)
        try:
            self._texts = vectoriser.fit_transform(texts_N)
        except ValueError as error:  # an empty vocabulary
            raise BadInput(f"the texts of the pictures hold no words: {error}", field="lexical") from error
        self._queries = vectoriser.transform(queries_M)
        self._silent_N = np.fromiter((not text.strip() for text in texts_N), dtype=bool, count=len(texts_N))
        self._own_M = own_M

    def scores(self, query_Q: np.ndarray, images_QT: np.ndarray) -> np.ndarray:
        """Cosines of each query with its T pictures, (Q, T) float32; the mean of its others for one without a text."""
        found_QT = np.empty(images_QT.shape, dtype=np.float32)
        step = max(1, _PAIRS // max(1, images_QT.shape[1]))
        for start in range(0, len(query_Q), step):
            images_RT = images_QT[start : start + step]
            text_P = np.repeat(query_Q[start : start + step], images_RT.shape[1])
            product = self._queries[text_P].multiply(self._texts[images_RT.ravel()])
            found_QT[start : start + step] = np.asarray(product.sum(axis=1)).reshape(images_RT.shape)
        silent_QT = self._silent_N[images_QT] | (images_QT == self._own_M[query_Q][:, None])
        heard_Q = np.maximum((~silent_QT).sum(axis=1), 1)
        mean_Q = np.where(silent_QT, 0, found_QT).sum(axis=1) / heard_Q
        return np.where(silent_QT, mean_Q[:, None], found_QT).astype(np.float32)


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
