"""Agreement coefficients of any number of annotators, as functions of sums over items; gaps are allowed.

percent      mean over items with two labels or more of the share of its pairs of labels that agree (Fleiss's P̄)
fleiss       chance: Σ π², π the mean over items of the shares of its labels. Fleiss (1971) has the same number of
             labels an item; for others this is Gwet's rule (Handbook of Inter-Rater Reliability, 4th ed., 2014, ch. 2):
             the items with a single label count in π, not in the agreement.
gwet_ac1     chance: Σ π (1 − π) / (q − 1), q the number of categories that occur (Gwet 2008)
krippendorff 1 − observed / expected disagreement, nominal; items with a single label are left out (Krippendorff 2011)

Where chance agreement is 1 (one category only), κ and α are 0/0: nan, never 1.
"""

from __future__ import annotations

import numpy as np

PERCENT, KRIPPENDORFF, FLEISS, GWET = "percent_agreement", "krippendorff_alpha", "fleiss_kappa", "gwet_ac1"
NAMES = (PERCENT, KRIPPENDORFF, FLEISS, GWET)


def features(counts_TC: np.ndarray) -> np.ndarray:
    """(T, 4 + 2C) of tallies: what `values` needs, to be summed over items.

    Columns: has a label, has two, share of agreeing pairs, agreement in Krippendorff's weighting, shares of the labels
    (C), labels of items with two or more (C).
    """
    counts_TC = np.asarray(counts_TC, dtype=np.float64)
    number_T = counts_TC.sum(1)
    paired_T = number_T >= 2
    agreeing_T = (counts_TC * (counts_TC - 1)).sum(1)
    others_T = np.where(paired_T, number_T - 1, 1)
    share_T = np.where(paired_T, agreeing_T / (np.maximum(number_T, 1) * others_T), 0)
    shares_TC = counts_TC / np.maximum(number_T, 1)[:, None]
    return np.column_stack(
        [number_T >= 1, paired_T, share_T, agreeing_T / others_T * paired_T, shares_TC, counts_TC * paired_T[:, None]]
    )


def values(sums_BF: np.ndarray, scale: int) -> dict[str, np.ndarray]:
    """The coefficients (B,) of sums of features; `scale` is the number of categories that AC1's chance spreads over."""
    sums_BF = np.atleast_2d(sums_BF)
    categories = (sums_BF.shape[1] - 4) // 2
    labelled_B, paired_B, share_B, weighted_B = sums_BF[:, :4].T
    said_BC, pairable_BC = sums_BF[:, 4 : 4 + categories], sums_BF[:, 4 + categories :]
    with np.errstate(divide="ignore", invalid="ignore"):
        percent_B = share_B / paired_B
        pi_BC = said_BC / labelled_B[:, None]
        total_B = pairable_BC.sum(1)
        expected_B = 1 - (pairable_BC * (pairable_BC - 1)).sum(1) / (total_B * (total_B - 1))
        alpha_B = 1 - (1 - weighted_B / total_B) / np.where(expected_B > 1e-12, expected_B, np.nan)
        spread_B = (pi_BC * (1 - pi_BC)).sum(1)
        chance_B = spread_B / (scale - 1) if scale > 1 else np.full_like(percent_B, np.nan)
    return {
        PERCENT: percent_B,
        KRIPPENDORFF: alpha_B,
        FLEISS: above_chance(percent_B, 1 - spread_B),
        GWET: above_chance(percent_B, chance_B),
    }


def pair_features(categories: int) -> np.ndarray:
    """(C·C, 2 + 2C) of the cells of a table of two annotators: one, they agree, what the first said, the second."""
    eye_CC = np.eye(categories)
    first = np.repeat(eye_CC, categories, axis=0)
    second = np.tile(eye_CC, (categories, 1))
    return np.column_stack([np.ones(categories * categories), (first * second).sum(1), first, second])


def pair_values(sums_BF: np.ndarray) -> dict[str, np.ndarray]:
    """Percent agreement and Cohen's κ (Cohen 1960) of sums of pair_features, (B,) each."""
    sums_BF = np.atleast_2d(sums_BF)
    categories = (sums_BF.shape[1] - 2) // 2
    n_B, agree_B = sums_BF[:, 0], sums_BF[:, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        percent_B = agree_B / n_B
        chance_B = (sums_BF[:, 2 : 2 + categories] * sums_BF[:, 2 + categories :]).sum(1) / n_B**2
    return {PERCENT: percent_B, "cohen_kappa": above_chance(percent_B, chance_B)}


def pair_table(one_I: np.ndarray, other_I: np.ndarray, categories: int) -> np.ndarray:
    """(C, C) how often one annotator said the row while the other said the column, over items that both labelled."""
    both_I = (one_I >= 0) & (other_I >= 0)
    cells = np.bincount(one_I[both_I] * categories + other_I[both_I], minlength=categories * categories)
    return cells.reshape(categories, categories)


def above_chance(agreement_B: np.ndarray, chance_B: np.ndarray) -> np.ndarray:
    """(agreement − chance) / (1 − chance); nan where chance leaves nothing."""
    room_B = np.where(1 - chance_B > 1e-12, 1 - chance_B, np.nan)
    return (agreement_B - chance_B) / room_B
