"""How often each category was said of each item, collapsed to the distinct tallies and how many items show each."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

MISSING = -1


class Tallies(NamedTuple):
    """Distinct rows of category counts, how many items show each, and which of them each item shows."""

    distinct_TC: np.ndarray
    counts_T: np.ndarray
    place_I: np.ndarray


def tally(labels_IA: np.ndarray, categories: int) -> np.ndarray:
    """(I, C) how many annotators said each category of each item; labels are 0..C-1, −1 where one said nothing.

    ValueError where a label is neither.
    """
    labels_IA = np.asarray(labels_IA)
    if labels_IA.ndim != 2:
        raise ValueError(f"labels must be items × annotators, not of shape {labels_IA.shape}")
    if labels_IA.size and (labels_IA.min() < MISSING or labels_IA.max() >= categories):
        raise ValueError(f"labels must be 0 to {categories - 1}, or {MISSING} where there is none")
    items = len(labels_IA)
    shifted_IA = labels_IA.astype(np.int64) + 1 + np.arange(items)[:, None] * (categories + 1)
    counts = np.bincount(shifted_IA.ravel(), minlength=items * (categories + 1))
    return counts.reshape(items, categories + 1)[:, 1:]


def collapse(counts_IC: np.ndarray) -> Tallies:
    """The distinct rows of whole numbers ≥ 0, in ascending order."""
    counts_IC = np.asarray(counts_IC, dtype=np.int64)
    items, categories = counts_IC.shape
    base = int(counts_IC.max(initial=0)) + 1
    if base**categories >= 2**62:
        distinct, place, numbers = np.unique(counts_IC, axis=0, return_inverse=True, return_counts=True)
        return Tallies(distinct, numbers, place.reshape(items))
    powers_C = base ** np.arange(categories - 1, -1, -1, dtype=np.int64)
    codes, place, numbers = np.unique(counts_IC @ powers_C, return_inverse=True, return_counts=True)
    return Tallies(codes[:, None] // powers_C % base, numbers, place.reshape(items))
