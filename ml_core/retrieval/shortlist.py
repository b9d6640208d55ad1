"""The first K answers of every query, from blocks of scores: a bound leaves a few candidates to sort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml_core.retrieval.pairs import Scored, where

_PENDING = 4_000_000  # candidates held before they are merged, about 64 MB


def top_of_rows(pairs: Scored, start: int, scores_BN: np.ndarray, keep: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `keep` ≤ N pictures of captions `start` …: positions (B, K) int32 and scores (B, K) float32."""
    bound_B = _lower_bound(scores_BN, keep, axis=1) - np.float32(2 * pairs.slack)
    row_P, image_P = where(scores_BN >= bound_B[:, None])
    score_P = scores_BN[row_P, image_P].astype(np.float64)

    def rescore(part: np.ndarray) -> np.ndarray:
        return pairs.scores(start + row_P[part], image_P[part])

    chosen, place = _first_of_groups(row_P, score_P, pairs.image_order_N[image_P], rescore, pairs.slack, keep)
    given_BK = np.full((len(scores_BN), keep), -1, dtype=np.int32)
    found_BK = np.full((len(scores_BN), keep), -np.inf, dtype=np.float32)
    given_BK[row_P[chosen], place], found_BK[row_P[chosen], place] = image_P[chosen], score_P[chosen]
    return given_BK, found_BK


class Columns:
    """The first `keep` captions of every picture, over blocks of captions; holds N × keep and pending candidates."""

    def __init__(self, pairs: Scored, keep: int):
        self.pairs, self.keep = pairs, min(keep, len(pairs.items_M))
        self.bound_N: np.ndarray | None = None
        self.kept = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64))  # picture, caption, score
        self.pending: list[tuple[np.ndarray, ...]] = []
        self.blocks, self.merge_at = 0, 1

    def take(self, start: int, scores_BN: np.ndarray) -> None:
        """Adds a block of captions `start` …; (B, N) float32."""
        bound_N = self.bound_N
        if bound_N is None:
            bound_N = _lower_bound(scores_BN, self.keep, axis=0) - np.float32(2 * self.pairs.slack)
        row_P, image_P = where(scores_BN >= bound_N)
        self.pending.append((image_P, start + row_P, scores_BN[row_P, image_P].astype(np.float64)))
        self.blocks += 1
        if self.blocks == self.merge_at or sum(len(part[0]) for part in self.pending) > _PENDING:
            self._merge()
            self.merge_at = 2 * self.blocks

    def best(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions (N, K) int32 and scores (N, K) float32."""
        self._merge()
        image_P, text_P, score_P = self.kept
        given_NK = np.full((len(self.pairs.image_order_N), self.keep), -1, dtype=np.int32)
        scores_NK = np.full(given_NK.shape, -np.inf, dtype=np.float32)
        place_P = _places(image_P)
        given_NK[image_P, place_P], scores_NK[image_P, place_P] = text_P, score_P
        return given_NK, scores_NK

    def _merge(self) -> None:
        image_P, text_P, score_P = (np.concatenate(parts) for parts in zip(self.kept, *self.pending, strict=True))
        self.pending = []

        def rescore(part: np.ndarray) -> np.ndarray:
            return self.pairs.scores(text_P[part], image_P[part])

        order_P = self.pairs.text_order_M[text_P]
        chosen, place = _first_of_groups(image_P, score_P, order_P, rescore, self.pairs.slack, self.keep)
        self.kept = (image_P[chosen], text_P[chosen], score_P[chosen])
        self.bound_N = np.full(len(self.pairs.image_order_N), -np.inf, dtype=np.float32)
        last = place == self.keep - 1
        self.bound_N[self.kept[0][last]] = self.kept[2][last] - 2 * self.pairs.slack


def _lower_bound(scores_BN: np.ndarray, keep: int, axis: int) -> np.ndarray:
    """A value that at least `keep` scores along the axis reach: the keep-th largest maximum of equal stretches."""
    length = scores_BN.shape[axis]
    if length < keep:
        return np.full(scores_BN.shape[1 - axis], -np.inf, dtype=np.float32)
    groups = min(length, 8 * keep)
    stretch = length // groups
    if axis == 1:
        maxima = scores_BN[:, : groups * stretch].reshape(len(scores_BN), groups, stretch).max(2)
    else:
        maxima = scores_BN[: groups * stretch].reshape(groups, stretch, -1).max(1)
    return np.partition(maxima, groups - keep, axis=axis).take(groups - keep, axis=axis)


def _first_of_groups(
    group_P: np.ndarray,
    score_P: np.ndarray,
    order_P: np.ndarray,
    rescore: Callable[[np.ndarray], np.ndarray],
    slack: float,
    keep: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates are the first `keep` of their group, in order, and their places in it (from 0).

    Scores that lie within twice the slack of a neighbour are replaced, in place, by exact ones before the final sort.
    """
    rough = np.lexsort((-score_P, group_P))
    close = (np.diff(group_P[rough]) == 0) & (np.diff(score_P[rough]) >= -2 * slack)
    unsure = rough[np.append(close, False) | np.append(False, close)] if len(rough) else rough
    score_P[unsure] = rescore(unsure)
    exact = np.lexsort((order_P, -score_P, group_P)) if len(unsure) else rough
    place = _places(group_P[exact])
    return exact[place < keep], place[place < keep]


def _places(group_P: np.ndarray) -> np.ndarray:
    """The place of each entry within its group, from 0; equal groups stand together."""
    if not len(group_P):
        return np.empty(0, dtype=np.int64)
    starts = np.flatnonzero(np.append(True, np.diff(group_P) != 0))
    return np.arange(len(group_P)) - np.repeat(starts, np.diff(np.append(starts, len(group_P))))
