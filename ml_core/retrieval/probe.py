"""Where the right picture stands for one text, and what comes first: ranked as an evaluation does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_core.retrieval.blocks import rank_both
from ml_core.retrieval.pairs import Pairs, unit_rows

KEEP = 10


@dataclass(frozen=True)
class Answered:
    """What one text brings up: the right picture's `rank` (from 1) and `score`, the first pictures with theirs."""

    rank: int
    score: float
    given: list[int]
    scores: list[float]


def answer(images_NE: np.ndarray, order_N: np.ndarray, text_E: np.ndarray, right: int, *, keep: int = KEEP) -> Answered:
    """Ranks N pictures (float32, unit length) for one text (E,) whose right picture is number `right`.

    Equal scores stand in `order_N`, the pictures' places in the order of ids. Ranks do not depend on rounding, so they
    are those that an evaluation finds; its scores may differ in their last bits. ValueError where sizes do not fit.
    """
    text_E = np.asarray(text_E, dtype=np.float32)
    if images_NE.ndim != 2 or text_E.shape != images_NE.shape[1:] or len(order_N) != len(images_NE):
        raise ValueError(f"pictures {images_NE.shape}, order {order_N.shape} and text {text_E.shape} do not fit")
    if not 0 <= right < len(images_NE):
        raise ValueError(f"there is no picture {right} among {len(images_NE)}")
    pairs = Pairs(images_NE, unit_rows(text_E[None]), np.array([right]), order_N, np.zeros(1, dtype=np.int64))
    found, _ = rank_both(pairs, keep=keep)
    return Answered(
        rank=int(found.rank_Q[0]),
        score=float(found.score_Q[0]),
        given=found.given_QK[0].tolist(),
        scores=[float(score) for score in found.scores_QK[0]],
    )
