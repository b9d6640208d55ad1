"""Which of many ids a sample has: those with the smallest hash of (seed, id). Light: loads nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def chosen(item_ids: Sequence[str], sample: int | None, seed: int) -> list[int]:
    """Positions of the `sample` ids with the smallest hash of (seed, id), in ascending order; all of them for None."""
    if sample is None or sample >= len(item_ids):
        return list(range(len(item_ids)))
    keys = [hashlib.sha256(f"{seed}\0{item_id}".encode()).digest() for item_id in item_ids]
    return sorted(sorted(range(len(item_ids)), key=keys.__getitem__)[:sample])
