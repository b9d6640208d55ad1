"""The control: the same change in size, at random. What it repairs, chance repairs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

_ROWS = 4096


def mean_angle(before_ME: np.ndarray, after_ME: np.ndarray) -> float:
    """The mean angle in radians between unit rows; 0 exactly where they are equal."""
    total = 0.0
    for start in range(0, len(before_ME), _ROWS):
        rows = slice(start, start + _ROWS)
        apart_R = np.linalg.norm(before_ME[rows].astype(np.float64) - after_ME[rows], axis=1)
        total += float((2 * np.arcsin(np.minimum(apart_R / 2, 1))).sum())  # near 0 more exact than arccos
    return total / max(1, len(before_ME))


def turned(texts_ME: np.ndarray, angle: float, ids: Sequence[str], seed: int) -> np.ndarray:
    """Unit rows each turned by `angle` radians in a direction of its own, drawn by a hash of (seed, id): (M, E).

    Losing or adding one text does not move the others. The rows themselves where the angle is 0.
    """
    if angle == 0:
        return texts_ME
    turned_ME = np.empty_like(texts_ME, dtype=np.float32)
    for start in range(0, len(texts_ME), _ROWS):
        rows_RE = texts_ME[start : start + _ROWS].astype(np.float64)
        noise_RE = np.stack(
            [_generator(seed, name).standard_normal(rows_RE.shape[1]) for name in ids[start : start + len(rows_RE)]]
        )
        noise_RE -= (noise_RE * rows_RE).sum(axis=1, keepdims=True) * rows_RE
        noise_RE /= np.linalg.norm(noise_RE, axis=1, keepdims=True)
        turned_ME[start : start + len(rows_RE)] = np.cos(angle) * rows_RE + np.sin(angle) * noise_RE
    return turned_ME


def shuffled(scores_QT: np.ndarray, ids: Sequence[str], seed: int) -> np.ndarray:
    """The scores of each row in another order, drawn by a hash of (seed, id): as large, and about nothing."""
    mixed_QT = np.empty_like(scores_QT)
    for row, name in enumerate(ids):
        mixed_QT[row] = _generator(seed, name).permutation(scores_QT[row])
    return mixed_QT


def _generator(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"control\0{seed}\0{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
