"""Counts in one pass over a block of scores who is above and who is near a right answer, by row and by column.

Compiled by numba, because four comparisons of every score in numpy cost a third of the product that makes them.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_STRETCH = 1024  # columns at a time: their bounds and counts stay in the first-level cache
_SIGNATURE = "void(f4[:,::1], f4[::1], f4[::1], f4[::1], f4[::1], i8[::1], i8[::1], i4[::1], i4[::1])"


def _compiled(function: Any) -> Any:
    """Machine code, kept beside the source or in the user's cache; where neither can be written, made in a second."""
    try:
        return numba.njit(_SIGNATURE, nogil=True, cache=True)(function)
    except RuntimeError:
        return numba.njit(_SIGNATURE, nogil=True)(function)


@_compiled
def _count(
    scores_BN: Any,
    above_B: Any,
    near_B: Any,
    above_N: Any,
    near_N: Any,
    rows_above_B: Any,
    rows_near_B: Any,
    columns_above_N: Any,
    columns_near_N: Any,
) -> None:
    rows, columns = scores_BN.shape
    for start in range(0, columns, _STRETCH):
        stop = min(start + _STRETCH, columns)
        above, near = above_N[start:stop], near_N[start:stop]
        found_above, found_near = columns_above_N[start:stop], columns_near_N[start:stop]
        for row in range(rows):
            scores, row_above, row_near = scores_BN[row, start:stop], above_B[row], near_B[row]
            greater, close = np.int32(0), np.int32(0)
            for place in range(scores.shape[0]):
                score = scores[place]
                greater += np.int32(score > row_above)
                close += np.int32(score >= row_near)
                found_above[place] += np.int32(score > above[place])
                found_near[place] += np.int32(score >= near[place])
            rows_above_B[row] += greater
            rows_near_B[row] += close


def count_both_ways(
    scores_BN: np.ndarray, above_B: np.ndarray, near_B: np.ndarray, above_N: np.ndarray, near_N: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """How many scores of each row are > `above_B` and ≥ `near_B`, and of each column > `above_N` and ≥ `near_N`.

    All float32, `scores_BN` with whole rows one after the other; returns (B,), (B,), (N,), (N,). Runs without the GIL.
    """
    rows, columns = scores_BN.shape
    rows_above_B, rows_near_B = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    columns_above_N, columns_near_N = np.zeros(columns, np.int32), np.zeros(columns, np.int32)
    _count(scores_BN, above_B, near_B, above_N, near_N, rows_above_B, rows_near_B, columns_above_N, columns_near_N)
    return rows_above_B, rows_near_B, columns_above_N, columns_near_N
