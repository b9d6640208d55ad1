"""What sets one annotator apart: a leaning towards categories, and agreement with the others on the same items."""

from __future__ import annotations

import numpy as np

from ml_core.metrics.agreement.resampling import Finding, findings
from ml_core.metrics.agreement.sentences import english
from ml_core.metrics.uncertainty import RESAMPLES, wilson

NOBODY = english("nobody_else")


def shared_items(counts_IC: np.ndarray, labels_I: np.ndarray) -> np.ndarray:
    """(I,) which items this annotator and somebody else labelled."""
    return (labels_I >= 0) & (counts_IC.sum(1) >= 2)


def others_shares(counts_IC: np.ndarray, labels_I: np.ndarray) -> np.ndarray:
    """(S, C) on shared items, the shares of the categories among what the others said."""
    shared_I = shared_items(counts_IC, labels_I)
    rest_SC = counts_IC[shared_I] - np.eye(counts_IC.shape[1])[labels_I[shared_I]]
    return rest_SC / rest_SC.sum(1, keepdims=True)


def leaning(
    counts_IC: np.ndarray, labels_I: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, list[Finding]]:
    """How often the annotator says each category, how often the others do (C,), and the difference.

    On the items that others labelled too, each counting once whatever their number; resampled are these items. The
    others alone, because a consensus that holds one's own labels leans towards oneself.
    """
    categories = counts_IC.shape[1]
    shared_I = shared_items(counts_IC, labels_I)
    n = int(shared_I.sum())
    if not n:
        nan_C = np.full(categories, np.nan)
        return nan_C, nan_C, [Finding(None, None, None, 0, NOBODY)] * categories
    said_SC = np.eye(categories)[labels_I[shared_I]]
    others_SC = others_shares(counts_IC, labels_I)
    gap_SC = said_SC - others_SC
    gaps_PC, counts_P = np.unique(np.round(gap_SC, 12), axis=0, return_counts=True)
    found = findings(
        np.column_stack([np.ones(len(counts_P)), gaps_PC]),
        counts_P,
        lambda sums_BF: {str(c): sums_BF[:, 1 + c] / sums_BF[:, 0] for c in range(categories)},
        n=n,
        whys=dict.fromkeys(map(str, range(categories)), NOBODY),
        resamples=resamples,
        seed=seed,
    )
    ordered = [
        _alike(finding, n) if np.ptp(gap_C) < 1e-12 else finding
        for finding, gap_C in zip((found[str(c)] for c in range(categories)), gap_SC.T, strict=True)
    ]
    return said_SC.mean(0), others_SC.mean(0), ordered


def agreement_with_others(
    counts_IC: np.ndarray, labels_I: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> Finding:
    """The mean over shared items of the share of the others who said the same."""
    shared_I = shared_items(counts_IC, labels_I)
    n = int(shared_I.sum())
    if not n:
        return Finding(None, None, None, 0, NOBODY)
    same_S = others_shares(counts_IC, labels_I)[np.arange(n), labels_I[shared_I]]
    return mean_share(same_S, resamples=resamples, seed=seed)


def mean_share(shares_S: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0, why: str = NOBODY) -> Finding:
    """The mean of shares in 0..1, one an item; Wilson's interval where they are all alike."""
    n = len(shares_S)
    if not n:
        return Finding(None, None, None, 0, why)
    values_V, counts_V = np.unique(np.round(shares_S, 12), return_counts=True)
    mean = float(shares_S.mean())
    if len(values_V) == 1:
        return Finding(mean, *wilson(mean * n, n), n)
    if set(values_V.tolist()) == {0.0, 1.0}:
        return Finding(mean, *wilson(mean * n, n), n)
    found = findings(
        np.column_stack([np.ones(len(values_V)), values_V]),
        counts_V,
        lambda sums_BF: {"mean": sums_BF[:, 1] / sums_BF[:, 0]},
        n=n,
        whys={"mean": why},
        resamples=resamples,
        seed=seed,
    )["mean"]
    return found


def _alike(finding: Finding, n: int) -> Finding:
    """Where every item shows the same difference a resample knows nothing: as far as a share of n may still move."""
    reach = wilson(0, n)[1]
    value = finding.value or 0.0
    return Finding(value, max(-1.0, value - reach), min(1.0, value + reach), n)
