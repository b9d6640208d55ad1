"""Agreement of all annotators and of each pair, with intervals; why there is none where there is none."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml_core.metrics.agreement.coefficients import (
    FLEISS,
    GWET,
    KRIPPENDORFF,
    NAMES,
    PERCENT,
    features,
    pair_features,
    pair_table,
    pair_values,
    values,
)
from ml_core.metrics.agreement.resampling import Finding, findings
from ml_core.metrics.agreement.sentences import english
from ml_core.metrics.agreement.tallies import collapse, tally
from ml_core.metrics.uncertainty import RESAMPLES, wilson

COHEN = "cohen_kappa"
NO_PAIR = english("no_pair")
_ONE = english("one_category")
_WHYS = {PERCENT: NO_PAIR, KRIPPENDORFF: _ONE, FLEISS: _ONE, GWET: _ONE, COHEN: _ONE}


class Pair(NamedTuple):
    """Two annotators, by number: (C, C) how often the first said the row and the second the column, and agreement."""

    first: int
    second: int
    table_CC: np.ndarray
    percent_agreement: Finding
    cohen_kappa: Finding


def overall(labels_IA: np.ndarray, categories: int, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Finding]:
    """The four coefficients of `labels_IA` by name; resampled are items with a label, n counts those with two or more.

    AC1's chance spreads over the categories that occur, as its author's program does, not over all of the taxonomy.
    """
    return overall_of_tallies(tally(labels_IA, categories), resamples=resamples, seed=seed)


def overall_of_tallies(counts_IC: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Finding]:
    """The same of how many annotators said each category of each item, which is all that these depend on."""
    counts_IC = np.asarray(counts_IC)
    number_I = counts_IC.sum(1)
    n = int((number_I >= 2).sum())
    if not n:
        return {name: Finding(None, None, None, 0, NO_PAIR) for name in NAMES}
    scale = int((counts_IC.sum(0) > 0).sum())
    tallies = collapse(counts_IC[number_I >= 1])
    features_TF = features(tallies.distinct_TC)
    paired_T = features_TF[:, 1] > 0
    if np.ptp(features_TF[paired_T, 2]) < 1e-12:
        return _alike(tallies.counts_T @ features_TF, n, scale)
    return findings(
        features_TF,
        tallies.counts_T,
        lambda sums_BF: values(sums_BF, scale),
        n=n,
        whys=_WHYS,
        resamples=resamples,
        seed=seed,
    )


def pairs(
    labels_IA: np.ndarray, categories: int, *, most: int = 300, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[list[Pair], int]:
    """Pairs of annotators with items in common, and how many of them were left out for being more than `most`.

    Kept are those with most items in common, then in order of the annotators; resampled are a pair's common items.
    """
    said_IA = (labels_IA >= 0).astype(np.float32)
    common_AA = np.triu(said_IA.T @ said_IA, 1)
    first_P, second_P = np.nonzero(common_AA)
    chosen = np.sort(np.argsort(-common_AA[first_P, second_P], kind="stable")[:most])
    found = [
        _pair(labels_IA, int(first_P[place]), int(second_P[place]), categories, resamples, seed) for place in chosen
    ]
    return found, len(first_P) - len(found)


def pair_of_table(table_CC: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Finding]:
    """Percent agreement and Cohen's κ of a table of two annotators (rows the one, columns the other)."""
    categories = len(table_CC)
    cells_P = np.asarray(table_CC).ravel()
    n = int(cells_P.sum())
    if not n:
        return {name: Finding(None, None, None, 0, NO_PAIR) for name in (PERCENT, COHEN)}
    features_PF = pair_features(categories)[cells_P > 0]
    counts_P = cells_P[cells_P > 0]
    if np.ptp(features_PF[:, 1]) == 0:
        return _alike_pair(counts_P @ features_PF, n)
    return findings(features_PF, counts_P, pair_values, n=n, whys=_WHYS, resamples=resamples, seed=seed)


def _pair(labels_IA: np.ndarray, first: int, second: int, categories: int, resamples: int, seed: int) -> Pair:
    table_CC = pair_table(labels_IA[:, first], labels_IA[:, second], categories)
    found = pair_of_table(table_CC, resamples=resamples, seed=seed)
    return Pair(first, second, table_CC, found[PERCENT], found[COHEN])


def _alike(sums_F: np.ndarray, n: int, scale: int) -> dict[str, Finding]:
    """Items that agree all to the same degree, a single one or all wholly: resamples know nothing, Wilson's n does.

    Its ends for the agreement, with chance as it stands, are those of each coefficient.
    """
    categories = (len(sums_F) - 4) // 2
    share = sums_F[2] / sums_F[1]
    sums_3F = np.tile(sums_F, (3, 1))
    for row, end in enumerate((share, *wilson(share * n, n))):
        sums_3F[row, 2:4] = end * sums_F[1], end * sums_F[4 + categories :].sum()
    return _ends(values(sums_3F, scale), n)


def _alike_pair(sums_F: np.ndarray, n: int) -> dict[str, Finding]:
    sums_3F = np.tile(sums_F, (3, 1))
    sums_3F[1:, 1] = np.array(wilson(sums_F[1], n)) * n
    return _ends(pair_values(sums_3F), n)


def _ends(found: dict[str, np.ndarray], n: int) -> dict[str, Finding]:
    undefined = {name: Finding(None, None, None, n, _WHYS[name]) for name in found}
    return undefined | {
        name: Finding(float(value), float(low), float(high), n)
        for name, (value, low, high) in found.items()
        if not np.isnan([value, low, high]).any()
    }
