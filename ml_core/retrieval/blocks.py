"""Ranks captions against pictures both ways, one block of scores at a time: no full sort, no whole N × M matrix.

Every score of the two directions is computed once, in float32, by blocks of captions. A rank is one plus the number of
scores that are greater. Float32 products differ in their last bits with the shape of a block, the library and the
machine, so whoever comes within `slack` of a right answer is looked at again in double precision: ranks do not depend
on the block, and equal embeddings are exactly equal. Equal scores stand in the order of item ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from ml_core.retrieval.counting import count_both_ways
from ml_core.retrieval.pairs import Scored, where
from ml_core.retrieval.shortlist import Columns, top_of_rows

_CELLS = 3_000_000  # scores in a block, 12 MB
_MOST_THREADS = 8  # blocks at a time


@dataclass(frozen=True)
class _Block:
    """Scores of captions `start` … and how many of them are above and near a right answer, by row and by column."""

    start: int
    scores_BN: np.ndarray
    rows_above_B: np.ndarray
    rows_near_B: np.ndarray
    columns_above_N: np.ndarray
    columns_near_N: np.ndarray


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
    caption against all M captions, by the best of its own. `keep` is how many first answers are wanted. Without
    `pictures` the second direction is left out, and `texts()` tells the first.
    """

    def __init__(self, pairs: Scored, keep: int = 0, block: int | None = None, *, pictures: bool = True):
        self._pairs, self._size = pairs, block or max(64, _CELLS // len(pairs.image_order_N))
        self._texts = _TextToPicture(pairs, keep)
        self._pictures = _PictureToText(pairs, keep, self._texts.right_M) if pictures else None
        never_N = np.full(len(pairs.image_order_N), np.inf, dtype=np.float32)
        self._above_N = self._pictures.above_N if self._pictures else never_N
        self._near_N = self._pictures.near_N if self._pictures else never_N

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Ranks one block of captions after the other, as many at a time as there are cores; yields (captions done,
        captions)."""
        count = len(self._pairs.items_M)
        libraries = ThreadpoolController().select(user_api="blas")
        threads = min(_MOST_THREADS, max((library["num_threads"] for library in libraries.info()), default=1))
        threads = max(1, min(threads, -(-count // self._size)))
        shape = (min(self._size, count), len(self._pairs.image_order_N))
        buffers = [np.empty(shape, dtype=np.float32) for _ in range(threads)]
        with ThreadPoolExecutor(threads) as pool:
            for first in range(0, count, threads * self._size):
                starts = range(first, min(first + threads * self._size, count), self._size)
                with libraries.limit(limits=1):  # a core, a block: nobody waits for the slowest part of a product
                    blocks = list(pool.map(self._take, starts, buffers))
                for block in blocks:
                    if self._pictures:
                        self._pictures.take(block)
                    yield block.start + len(block.scores_BN), count

    def _take(self, start: int, buffer_BN: np.ndarray) -> _Block:
        scores_BN = buffer_BN[: len(self._pairs.items_M) - start]
        self._pairs.fill(start, scores_BN)
        above_B, near_B = self._texts.bounds(start, len(scores_BN))
        found = count_both_ways(scores_BN, above_B, near_B, self._above_N, self._near_N)
        block = _Block(start, scores_BN, *found)
        self._texts.take(block)
        return block

    def texts(self) -> Ranked:
        """Text→picture, once every block is done."""
        return self._texts.outcome()

    def outcome(self) -> tuple[Ranked, Ranked]:
        """(text→picture, picture→text), once every block is done. ValueError where the second was left out."""
        if self._pictures is None:
            raise ValueError("pictures were not ranked against texts")
        return self._texts.outcome(), self._pictures.outcome()


def rank_both(pairs: Scored, keep: int = 0, block: int | None = None) -> tuple[Ranked, Ranked]:
    """(text→picture, picture→text) at once; see Ranking."""
    ranking = Ranking(pairs, keep, block)
    for _ in ranking.blocks():
        pass
    return ranking.outcome()


class _TextToPicture:
    """Counts, for each caption, the pictures before its own."""

    def __init__(self, pairs: Scored, keep: int):
        self.pairs, self.keep = pairs, min(keep, len(pairs.image_order_N))
        self.right_M = pairs.scores(np.arange(len(pairs.items_M)), pairs.items_M)
        self.before_M = np.zeros(len(pairs.items_M), dtype=np.int64)
        self.given_MK = np.empty((len(pairs.items_M), self.keep), dtype=np.int32)
        self.scores_MK = np.empty((len(pairs.items_M), self.keep), dtype=np.float32)

    def bounds(self, start: int, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Scores of captions `start` … that are greater are above, that are as great are near, (B,) float32 each."""
        right_B = self.right_M[start : start + size]
        slack = self.pairs.slack
        return (right_B + slack).astype(np.float32), (right_B - slack).astype(np.float32)

    def take(self, block: _Block) -> None:
        """Writes the rows of these captions alone: blocks may be taken at the same time."""
        start, stop = block.start, block.start + len(block.scores_BN)
        self.before_M[start:stop] = block.rows_above_B
        unsure_R = np.flatnonzero(block.rows_near_B - block.rows_above_B != 1)  # its own picture is always near
        if len(unsure_R):
            above_B, near_B = self.bounds(start, stop - start)
            scores_RN = block.scores_BN[unsure_R]
            row_P, image_P = where((scores_RN >= near_B[unsure_R, None]) & (scores_RN <= above_B[unsure_R, None]))
            self._settle(start + unsure_R[row_P], image_P)
        if self.keep:
            rows = top_of_rows(self.pairs, start, block.scores_BN, self.keep)
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

    def __init__(self, pairs: Scored, keep: int, right_M: np.ndarray):
        self.pairs = pairs
        order_M = np.lexsort((pairs.text_order_M, -right_M, pairs.items_M))
        self.query_Q, first_Q = np.unique(pairs.items_M[order_M], return_index=True)
        self.best_N = np.full(len(pairs.image_order_N), -1, dtype=np.int64)
        self.best_N[self.query_Q] = order_M[first_Q]
        # A picture without captions has nobody before or near it.
        self.right_N = np.full(len(pairs.image_order_N), np.inf)
        self.right_N[self.query_Q] = right_M[self.best_N[self.query_Q]]
        self.above_N = (self.right_N + pairs.slack).astype(np.float32)
        self.near_N = (self.right_N - pairs.slack).astype(np.float32)
        self.before_N = np.zeros(len(pairs.image_order_N), dtype=np.int64)
        self.columns = Columns(pairs, keep) if keep else None

    def take(self, block: _Block) -> None:
        """Adds what these captions say of every picture; one block at a time."""
        start, stop = block.start, block.start + len(block.scores_BN)
        self.before_N += block.columns_above_N
        own_N = (self.best_N >= start) & (self.best_N < stop)
        unsure_R = np.flatnonzero(block.columns_near_N - block.columns_above_N != own_N)
        if len(unsure_R):
            scores_BR = block.scores_BN[:, unsure_R]
            row_P, place_P = where((scores_BR >= self.near_N[unsure_R]) & (scores_BR <= self.above_N[unsure_R]))
            self._settle(start + row_P, unsure_R[place_P])
        if self.columns:
            self.columns.take(start, block.scores_BN)

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
