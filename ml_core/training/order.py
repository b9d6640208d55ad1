"""The order in which training sees its items: by a hash of (seed, epoch, item id), so it depends on nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np


def hash_of(*parts: object) -> int:
    """A 64-bit number that looks random and is the same everywhere for the same parts."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def epoch_order(seed: int, epoch: int, item_ids: Sequence[str]) -> np.ndarray:
    """Positions (N,) of the items in the order in which this epoch visits them."""
    keys_N = np.array([hash_of("order", seed, epoch, item) for item in item_ids], dtype=np.uint64)
    return np.argsort(keys_N, kind="stable")


def pick(seed: int, epoch: int, item_id: str, count: int) -> int:
    """Which of `count` things (captions of a picture) the item shows in this epoch."""
    return hash_of("pick", seed, epoch, item_id) % count


def split_off(seed: int, groups: Sequence[str], fraction: float) -> np.ndarray:
    """A mask (N,) of the items held out: whole groups (equal strings), about `fraction` of them and at least one.

    Which groups go first depends on the hash of (seed, group) alone.
    """
    names = sorted(set(groups), key=lambda group: hash_of("split", seed, group))
    held_out = set(names[: max(1, round(len(names) * fraction))])
    return np.array([group in held_out for group in groups], dtype=bool)
