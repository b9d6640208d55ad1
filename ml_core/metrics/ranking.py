"""What ranks say: the one total order, hits within k, reciprocal ranks, mAP@R, buckets. Knows ranks, not scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ml_core.metrics.buckets import MARGINS, RANKS

# Each rank's bucket up to where the last one begins: looked up, because a comparison asks of millions.
_FIRST_RANKS = [first for first, _ in RANKS]
_BUCKET_OF = np.searchsorted(_FIRST_RANKS, np.arange(_FIRST_RANKS[-1] + 1), side="right") - 1


def id_order(ids: Sequence[str]) -> np.ndarray:
    """Each item's place (N,) int64 when items are sorted by id: as numbers where every id is one, else as text.

    This is the second half of the one total order (score descending, then item id), wherever items have equal scores.
    """
    numbers = all(map(_is_number, ids))
    keys = np.array([int(name) if numbers else name for name in ids], dtype=object)
    order_N = np.empty(len(ids), dtype=np.int64)
    order_N[np.argsort(keys, kind="stable")] = np.arange(len(ids))
    return order_N


def hits_at(rank_Q: np.ndarray, k: int) -> np.ndarray:
    """1 where a right answer stands within the first k, else 0: (Q,) int64."""
    return (np.asarray(rank_Q) <= k).astype(np.int64)


def reciprocal_ranks(rank_Q: np.ndarray) -> np.ndarray:
    """1 / rank of the best right answer: (Q,); their mean is MRR."""
    return 1.0 / np.asarray(rank_Q, dtype=np.float64)


def average_precision_at_r(right_QK: np.ndarray, relevant_Q: np.ndarray) -> np.ndarray:
    """AP@R of each query: (Q,); mAP@R is its mean (Musgrave, Belongie, Lim 2020, equation 1).

    `right_QK` says which of the first K answers are right, `relevant_Q` (R) how many right answers there are; K must
    reach the largest R. AP@R = 1/R · Σ over the right answers among the first R of the precision at their rank.
    """
    right_QK = np.asarray(right_QK, dtype=bool)
    relevant_Q = np.asarray(relevant_Q)
    if len(relevant_Q) and right_QK.shape[1] < relevant_Q.max():
        raise ValueError(f"{right_QK.shape[1]} answers a query do not reach R = {relevant_Q.max()}")
    ranks_K = np.arange(1, right_QK.shape[1] + 1)
    counted_QK = right_QK & (ranks_K <= relevant_Q[:, None])
    precision_QK = np.cumsum(right_QK, axis=1) / ranks_K
    return (precision_QK * counted_QK).sum(1) / np.maximum(relevant_Q, 1)


def rank_bucket(rank_Q: np.ndarray) -> np.ndarray:
    """The number of each rank's bucket in `buckets.RANKS`: (Q,) int64."""
    return _BUCKET_OF[np.minimum(rank_Q, len(_BUCKET_OF) - 1)]


def margin_bucket(margin_Q: np.ndarray) -> np.ndarray:
    """The number of each margin's bucket in `buckets.MARGINS`: (Q,) int64; a bucket holds its lower end."""
    return np.searchsorted([low for low, _ in MARGINS if low is not None], margin_Q, side="right")


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal()
