"""Pictures and captions as unit vectors in one frozen order, and the exact score of any pair of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

_PAIRS = 256  # pairs that are rescored at a time: what stays in a core's cache


class Scored(Protocol):
    """Whatever scores captions against pictures: by blocks in float32, any pair in double precision."""

    @property
    def items_M(self) -> np.ndarray:
        """The picture of each caption."""

    @property
    def image_order_N(self) -> np.ndarray:
        """Each picture's place in the order of ids."""

    @property
    def text_order_M(self) -> np.ndarray:
        """Each caption's place in the order of ids."""

    @property
    def slack(self) -> float:
        """How far a score of a block may be from the exact one."""

    def fill(self, start: int, scores_BN: np.ndarray) -> None:
        """Writes the scores of captions `start` … against every picture into the block, float32."""

    def scores(self, text_P: np.ndarray, image_P: np.ndarray) -> np.ndarray:
        """Exact scores of P (caption, picture) pairs, (P,) float64."""


@dataclass(frozen=True)
class Pairs:
    """Pictures and captions as unit vectors, who belongs to whom, and each item's place in the order of ids."""

    images_NE: np.ndarray  # float32, rows of length 1
    texts_ME: np.ndarray  # float32, rows of length 1
    items_M: np.ndarray  # the picture of each caption
    image_order_N: np.ndarray
    text_order_M: np.ndarray
    slack: float = field(init=False)

    def __post_init__(self) -> None:
        # 4 √E u bounds the rounding of a product of unit vectors with overwhelming probability (Higham, Mary 2019).
        object.__setattr__(self, "slack", 4.0 * float(np.sqrt(self.images_NE.shape[1])) * 2.0**-24)

    def fill(self, start: int, scores_BN: np.ndarray) -> None:
        """Writes the cosines of captions `start` … against every picture into the block, float32."""
        np.matmul(self.texts_ME[start : start + len(scores_BN)], self.images_NE.T, out=scores_BN)

    def scores(self, text_P: np.ndarray, image_P: np.ndarray) -> np.ndarray:
        """Cosines of P (caption, picture) pairs in double precision: (P,), the same whatever else is in the call."""
        found_P = np.empty(len(text_P), dtype=np.float64)
        for start in range(0, len(text_P), _PAIRS):
            part = slice(start, start + _PAIRS)
            product_PE = np.multiply(self.texts_ME[text_P[part]], self.images_NE[image_P[part]], dtype=np.float64)
            found_P[part] = product_PE.sum(axis=1)
        return found_P


def unit_rows(vectors_NE: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1, float32; the array itself where they are. ValueError for a row of zeros."""
    vectors_NE = np.ascontiguousarray(vectors_NE, dtype=np.float32)
    lengths_N = np.sqrt(np.einsum("ne,ne->n", vectors_NE, vectors_NE, dtype=np.float64))
    if not lengths_N.all():
        raise ValueError(f"row {int(np.argmin(lengths_N))} is all zeros and has no direction")
    if np.abs(lengths_N - 1).max(initial=0) < 1e-6:
        return vectors_NE
    return (vectors_NE / lengths_N[:, None]).astype(np.float32)


def where(mask_BN: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns that are True, row by row; where few are, much faster than `np.nonzero` in two axes."""
    rows, columns = np.divmod(np.flatnonzero(mask_BN), max(1, mask_BN.shape[1]))
    return rows, columns
