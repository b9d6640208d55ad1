"""Ranks captions against pictures both ways, one block of scores at a time: no full sort, no whole N × M matrix.

Every score of the two directions is computed once, in float32, by blocks of captions. A rank is one plus the number of
scores that are greater. Float32 products differ in their last bits with the shape of a block, the library and the
machine, so whoever comes within `slack` of a right answer is looked at again in double precision: ranks do not depend
on the block, and equal embeddings are exactly equal. Equal scores stand in the order of item ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ml_core.retrieval.pairs import Pairs, where
from ml_core.retrieval.shortlist import Columns, top_of_rows

_CELLS = 4_000_000  # scores in a block, 16 MB


@dataclass(frozen=True)
class Ranked:
    """Outcome of Q queries of one direction; numbers are positions in the frozen order.

    `query_Q`: the prompt; `right_Q`: its best-ranked right answer, with `score_Q` and `rank_Q` (from 1). `given_QK`,
    `scores_QK`: the first K answers, where they were asked for (-1 and -inf where there are fewer than K).
    """

    query_Q: np.ndarray
    right_Q: np.ndarray
    score_Q: np.ndarray
    rank_Q: np.ndarray
    given_QK: np.ndarray
    scores_QK: np.ndarray


class Ranking:
    """Both directions in the making: go through `blocks()`, then ask for the `outcome()`.

    Text→picture: every caption against all N pictures, in caption order. Picture→text: every picture that has a
    caption against all M captions, by the best of its own. `keep` is how many first answers are wanted.
    """

    def __init__(self, pairs: Pairs, keep: int = 0, block: int | None = None):
        self._pairs, self._size = pairs, block or max(64, _CELLS // len(pairs.images_NE))
        self._texts = _TextToPicture(pairs, keep)
        self._pictures = _PictureToText(pairs, keep, self._texts.right_M)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Ranks one block of captions after the other; yields (captions done, captions)."""
        texts_ME, images_NE = self._pairs.texts_ME, self._pairs.images_NE
        count = len(texts_ME)
        buffer_BN = np.empty((min(self._size, count), len(images_NE)), dtype=np.float32)
        masks = (np.empty(buffer_BN.shape, dtype=bool), np.empty(buffer_BN.shape, dtype=bool))
        for start in range(0, count, self._size):
            stop = min(start + self._size, count)
            scores_BN = buffer_BN[: stop - start]
            np.matmul(texts_ME[start:stop], images_NE.T, out=scores_BN)
            above_BN, near_BN = (mask[: stop - start] for mask in masks)
            self._texts.take(start, scores_BN, above_BN, near_BN)
            self._pictures.take(start, scores_BN, above_BN, near_BN)
            yield stop, count

    def outcome(self) -> tuple[Ranked, Ranked]:
        """(text→picture, picture→text), once every block is done."""
        return self._texts.outcome(), self._pictures.outcome()


def rank_both(pairs: Pairs, keep: int = 0, block: int | None = None) -> tuple[Ranked, Ranked]:
    """(text→picture, picture→text) at once; see Ranking."""
    ranking = Ranking(pairs, keep, block)
    for _ in ranking.blocks():
        pass
    return ranking.outcome()


class _TextToPicture:
    """Counts, for each caption, the pictures before its own."""

    def __init__(self, pairs: Pairs, keep: int):
        self.pairs, self.keep = pairs, min(keep, len(pairs.images_NE))
        self.right_M = pairs.scores(np.arange(len(pairs.items_M)), pairs.items_M)
        self.before_M = np.zeros(len(pairs.items_M), dtype=np.int64)
        self.given_MK = np.empty((len(pairs.items_M), self.keep), dtype=np.int32)
        self.scores_MK = np.empty((len(pairs.items_M), self.keep), dtype=np.float32)

    def take(self, start: int, scores_BN: np.ndarray, above_BN: np.ndarray, near_BN: np.ndarray) -> None:
        pairs, stop = self.pairs, start + len(scores_BN)
        right_B1 = self.right_M[start:stop, None]
        np.greater(scores_BN, (right_B1 + pairs.slack).astype(np.float32), out=above_BN)
        np.greater_equal(scores_BN, (right_B1 - pairs.slack).astype(np.float32), out=near_BN)
        above_B, near_B = _count_rows(above_BN), _count_rows(near_BN)
        self.before_M[start:stop] = above_B
        unsure_R = np.flatnonzero(near_B - above_B != 1)  # its own picture is always near
        row_P, image_P = where(near_BN[unsure_R] & ~above_BN[unsure_R])
        self._settle(start + unsure_R[row_P], image_P)
        if self.keep:
            rows = top_of_rows(pairs, start, scores_BN, self.keep)
            self.given_MK[start:stop], self.scores_MK[start:stop] = rows

    def _settle(self, text_P: np.ndarray, image_P: np.ndarray) -> None:
        pairs = self.pairs
        own_P = pairs.items_M[text_P]
        score_P, right_P = pairs.scores(text_P, image_P), self.right_M[text_P]
        earlier_P = pairs.image_order_N[image_P] < pairs.image_order_N[own_P]
        before_P = (score_P > right_P) | ((score_P == right_P) & earlier_P)
        np.add.at(self.before_M, text_P[before_P & (image_P != own_P)], 1)

    def outcome(self) -> Ranked:
        query_Q = np.arange(len(self.right_M), dtype=np.int32)
        right_Q = self.pairs.items_M.astype(np.int32)
        return _ranked(query_Q, right_Q, self.right_M, self.before_M, self.given_MK, self.scores_MK)


class _PictureToText:
    """Counts, for each picture with captions, the captions before the best of its own."""

    def __init__(self, pairs: Pairs, keep: int, right_M: np.ndarray):
        self.pairs = pairs
        order_M = np.lexsort((pairs.text_order_M, -right_M, pairs.items_M))
        self.query_Q, first_Q = np.unique(pairs.items_M[order_M], return_index=True)
        self.best_N = np.full(len(pairs.images_NE), -1, dtype=np.int64)
        self.best_N[self.query_Q] = order_M[first_Q]
        self.right_N = np.full(len(pairs.images_NE), np.inf)  # a picture without captions has nobody before or near it
        self.right_N[self.query_Q] = right_M[self.best_N[self.query_Q]]
        self.above_N = (self.right_N + pairs.slack).astype(np.float32)
        self.near_N = (self.right_N - pairs.slack).astype(np.float32)
        self.before_N = np.zeros(len(pairs.images_NE), dtype=np.int64)
        self.columns = Columns(pairs, keep) if keep else None

    def take(self, start: int, scores_BN: np.ndarray, above_BN: np.ndarray, near_BN: np.ndarray) -> None:
        stop = start + len(scores_BN)
        np.greater(scores_BN, self.above_N, out=above_BN)
        np.greater_equal(scores_BN, self.near_N, out=near_BN)
        above_N, near_N = _count_columns(above_BN), _count_columns(near_BN)
        self.before_N += above_N
        own_N = (self.best_N >= start) & (self.best_N < stop)
        unsure_R = np.flatnonzero(near_N - above_N != own_N)
        row_P, place_P = where(near_BN[:, unsure_R] & ~above_BN[:, unsure_R])
        self._settle(start + row_P, unsure_R[place_P])
        if self.columns:
            self.columns.take(start, scores_BN)

    def _settle(self, text_P: np.ndarray, image_P: np.ndarray) -> None:
        pairs = self.pairs
        best_P = self.best_N[image_P]
        score_P, right_P = pairs.scores(text_P, image_P), self.right_N[image_P]
        earlier_P = pairs.text_order_M[text_P] < pairs.text_order_M[best_P]
        before_P = (score_P > right_P) | ((score_P == right_P) & earlier_P)
        np.add.at(self.before_N, image_P[before_P & (text_P != best_P)], 1)

    def outcome(self) -> Ranked:
        query_Q, right_Q = self.query_Q.astype(np.int32), self.best_N[self.query_Q].astype(np.int32)
        if self.columns:
            given_NK, scores_NK = self.columns.best()
            given_QK, scores_QK = given_NK[query_Q], scores_NK[query_Q]
        else:
            given_QK, scores_QK = np.empty((len(query_Q), 0), np.int32), np.empty((len(query_Q), 0), np.float32)
        return _ranked(query_Q, right_Q, self.right_N[query_Q], self.before_N[query_Q], given_QK, scores_QK)


def _ranked(
    query_Q: np.ndarray,
    right_Q: np.ndarray,
    score_Q: np.ndarray,
    before_Q: np.ndarray,
    given_QK: np.ndarray,
    scores_QK: np.ndarray,
) -> Ranked:
    score_Q = score_Q.astype(np.float32)
    np.copyto(scores_QK, score_Q[:, None], where=given_QK == right_Q[:, None])  # one pair, one score
    return Ranked(query_Q, right_Q, score_Q, (before_Q + 1).astype(np.int32), given_QK, scores_QK)


def _count_rows(mask_BN: np.ndarray) -> np.ndarray:
    """How many are True in each row; counting whole rows is many times faster than a sum over an axis."""
    return np.fromiter(map(np.count_nonzero, mask_BN), dtype=np.int64, count=len(mask_BN))


def _count_columns(mask_BN: np.ndarray) -> np.ndarray:
    """How many are True in each column: bytes added up to 255 rows at a time, then widened."""
    bytes_BN = mask_BN.view(np.uint8)
    total_N = np.zeros(mask_BN.shape[1], dtype=np.int64)
    for start in range(0, len(bytes_BN), 255):
        total_N += np.add.reduce(bytes_BN[start : start + 255], axis=0, dtype=np.uint8)
    return total_N
