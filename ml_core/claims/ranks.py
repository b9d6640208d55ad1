"""How ranks moved between two runs and how recall grows with depth: counts without intervals, from arrays of ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml_core.metrics.buckets import RANKS, rank_names
from ml_core.metrics.ranking import rank_bucket

DOUBLINGS = 6  # a move by a factor of 2**6 or more is the last step
CURVE = 50  # curves reach this depth
_WHOLE = np.array([0, *(ratio.bit_length() - 1 for ratio in range(1, 2**DOUBLINGS + 1))])  # ⌊log2 of a whole ratio⌋


def rank_changes(before_Q: np.ndarray, after_Q: np.ndarray) -> dict[str, Any]:
    """Where ranks went: a histogram of the factor between them and a table of rank buckets.

    {"better", "same", "worse": queries,
     "steps": [{"step": -7 … 7, "count"}],               # step -2: the rank is 2 to 4 times smaller than before; -1:
                                                         # less than 2 times; 0: the same; 7: 64 times larger or more
     "buckets": ["1", "2-5", …], "moves": [[int …] …]}   # rows: bucket before, columns: bucket after
    """
    before_Q, after_Q = np.asarray(before_Q), np.asarray(after_Q)
    high_Q, low_Q = np.maximum(before_Q, after_Q), np.minimum(before_Q, after_Q)
    step_Q = _WHOLE[np.minimum(high_Q // low_Q, 2**DOUBLINGS)] + (high_Q > low_Q)
    signed_Q = np.where(after_Q < before_Q, -step_Q, step_Q)
    last = DOUBLINGS + 1
    counts = np.bincount(signed_Q + last, minlength=2 * last + 1).tolist()
    table = rank_bucket(before_Q) * len(RANKS) + rank_bucket(after_Q)
    moves = np.bincount(table, minlength=len(RANKS) ** 2).reshape(len(RANKS), len(RANKS))
    return {
        "better": int(sum(counts[:last])),
        "same": counts[last],
        "worse": int(sum(counts[last + 1 :])),
        "steps": [{"step": step, "count": count} for step, count in zip(range(-last, last + 1), counts, strict=True)],
        "buckets": rank_names(),
        "moves": moves.tolist(),
    }


def recall_curve(rank_Q: np.ndarray, depth: int = CURVE) -> list[float]:
    """Recall at 1, 2, … `depth`."""
    counts = np.bincount(np.minimum(rank_Q, depth + 1), minlength=depth + 2)[1 : depth + 1]
    return (np.cumsum(counts) / max(len(rank_Q), 1)).tolist()
