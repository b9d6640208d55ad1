"""The most frequent label of each item, and where there is not one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml_core.metrics.agreement.tallies import MISSING


class Majority(NamedTuple):
    """`labels_I`: the most frequent label; a tie goes to the category that comes first and is marked in `tied_I`.

    −1 where nobody labelled the item; that is no tie.
    """

    labels_I: np.ndarray
    tied_I: np.ndarray
    leading_IC: np.ndarray  # which categories share the most labels


def majority(counts_IC: np.ndarray) -> Majority:
    """The majority of how many annotators said each category of each item."""
    most_I = counts_IC.max(1)
    leading_IC = (counts_IC == most_I[:, None]) & (most_I > 0)[:, None]
    labels_I = np.where(most_I > 0, leading_IC.argmax(1), MISSING)
    return Majority(labels_I, leading_IC.sum(1) > 1, leading_IC)


def tie_share(found: Majority, counts_IC: np.ndarray) -> float | None:
    """Of the items with two labels or more, the share without one most frequent label; None where there is none."""
    several_I = counts_IC.sum(1) >= 2
    return float(found.tied_I[several_I].mean()) if several_I.any() else None


def right_shares(found: Majority, truth_I: np.ndarray) -> np.ndarray:
    """(S,) over items with a label and a known truth, how right the majority is; a tie of k is 1 / k right at best.

    So the mean is what breaking ties by a fair draw is right on average, and no order of the categories gains by it.
    """
    both = np.flatnonzero((found.labels_I >= 0) & (truth_I >= 0))
    return found.leading_IC[both, truth_I[both]] / found.leading_IC[both].sum(1)
