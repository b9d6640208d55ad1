"""Parts of the pictures: settings are chosen on some and told of others. By a hash of (seed, content)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from ml_core.spec import BadInput

DEV, TEST = 0, 1


def dev_and_test(file_hashes: Sequence[str], share: float, seed: int) -> np.ndarray:
    """0 (dev) or 1 (test) of each picture, (N,). The same picture twice lies in one part, and adding or losing one
    moves no other. BadInput (field "dev_share") where a part is empty."""
    part_N = (_places(file_hashes, seed) >= share).astype(np.int64)
    if len(set(part_N.tolist())) < 2:
        raise BadInput(
            f"{len(part_N)} pictures cannot be parted so that {share:.0%} choose settings and others test them: use "
            "more pictures, another share, or folds",
            field="dev_share",
        )
    return part_N


def folds(file_hashes: Sequence[str], count: int, seed: int) -> np.ndarray:
    """0 … count - 1 of each picture, (N,), parted in the same way. BadInput (field "folds") where one is empty."""
    fold_N = (_places(file_hashes, seed) * count).astype(np.int64)
    if len(np.unique(fold_N)) < count:
        raise BadInput(f"{len(fold_N)} pictures do not fill {count} folds: ask for fewer", field="folds")
    return fold_N


def _places(file_hashes: Sequence[str], seed: int) -> np.ndarray:
    """A number from 0 to 1 for each picture, (N,)."""
    keys = (hashlib.sha256(f"{seed}\0{digest}".encode()).digest()[:6] for digest in file_hashes)
    return np.array([int.from_bytes(key, "big") / 2**48 for key in keys])
