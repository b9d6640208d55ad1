"""Where one category drowns the others, κ is low however well people agree: indices and a sentence that say so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml_core.metrics.agreement.overall import overall_of_tallies
from ml_core.metrics.agreement.tallies import tally

HIGH_AGREEMENT, LOW_KAPPA, DOMINATES = 0.75, 0.6, 0.6


class Paradox(NamedTuple):
    """The first paradox of Feinstein and Cicchetti (1990), by the indices of Byrt, Bishop and Carlin (1993).

    `prevalence`: the share of the most frequent category minus that of all others together, −1 to 1 (two annotators,
    two categories: their index); `bias`: the largest difference between two annotators in how often they say one
    category, on items with two labels or more. `dominating` is a category's number, −1 where there is no paradox.
    """

    prevalence: float | None
    bias: float | None
    dominating: int
    sentence: str


def kappa_paradox(labels_IA: np.ndarray, names: list[str]) -> Paradox:
    """Whether labels agree much and κ is low because one category of `names` dominates."""
    categories = len(names)
    counts_IC = tally(labels_IA, categories)
    several_I = counts_IC.sum(1) >= 2
    if not several_I.any():
        return Paradox(None, None, -1, "")
    shares_C = counts_IC[several_I].sum(0) / counts_IC[several_I].sum()
    top = int(shares_C.argmax())
    prevalence, bias = float(2 * shares_C[top] - 1), _bias(labels_IA[several_I], categories)
    found = overall_of_tallies(counts_IC, resamples=100)
    percent, kappa = found["percent_agreement"].value or 0.0, found["fleiss_kappa"].value
    if percent < HIGH_AGREEMENT or shares_C[top] < DOMINATES or (kappa is not None and kappa >= LOW_KAPPA):
        return Paradox(prevalence, bias, -1, "")
    return Paradox(prevalence, bias, top, _sentence(names[top], percent, float(shares_C[top]), kappa))


def _bias(labels_IA: np.ndarray, categories: int) -> float:
    said_AC = np.stack([np.bincount(column[column >= 0], minlength=categories) for column in labels_IA.T])
    number_A = said_AC.sum(1)
    shares_AC = said_AC[number_A > 0] / number_A[number_A > 0][:, None]
    return float(np.ptp(shares_AC, axis=0).max())


def _sentence(name: str, percent: float, share: float, kappa: float | None) -> str:
    much = f"Annotators agree in {percent:.0%} of pairs, and {share:.0%} of their labels are {name}."
    if kappa is None:
        return f"{much} With one category alone, κ and α are not defined: they say nothing about how well people agree."
    return (
        f"{much} Where one category is that frequent, agreement by chance is high and κ is low ({kappa:.2f}) even "
        "though people agree: read AC1 and the percentage beside it."
    )
