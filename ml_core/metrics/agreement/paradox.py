"""Where one category drowns the others, κ is low however well people agree: indices and a sentence that say so."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ml_core.metrics.agreement.overall import overall_of_tallies
from ml_core.metrics.agreement.sentences import Said, said
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
    said: Said | None

    @property
    def sentence(self) -> str:
        """It in English; empty where there is no paradox."""
        return str(self.said or "")


def kappa_paradox(labels_IA: np.ndarray, names: list[str]) -> Paradox:
    """Whether labels agree much and κ is low because one category of `names` dominates."""
    categories = len(names)
    counts_IC = tally(labels_IA, categories)
    several_I = counts_IC.sum(1) >= 2
    if not several_I.any():
        return Paradox(None, None, -1, None)
    shares_C = counts_IC[several_I].sum(0) / counts_IC[several_I].sum()
    top = int(shares_C.argmax())
    prevalence, bias = float(2 * shares_C[top] - 1), _bias(labels_IA[several_I], categories)
    found = overall_of_tallies(counts_IC, resamples=100)
    percent, kappa = found["percent_agreement"].value or 0.0, found["fleiss_kappa"].value
    if percent < HIGH_AGREEMENT or shares_C[top] < DOMINATES or (kappa is not None and kappa >= LOW_KAPPA):
        return Paradox(prevalence, bias, -1, None)
    numbers = {"percent": percent, "share": float(shares_C[top]), "category": names[top]}
    found_so = said("paradox_undefined", **numbers) if kappa is None else said("paradox", **numbers, kappa=kappa)
    return Paradox(prevalence, bias, top, found_so)


def _bias(labels_IA: np.ndarray, categories: int) -> float:
    said_AC = np.stack([np.bincount(column[column >= 0], minlength=categories) for column in labels_IA.T])
    number_A = said_AC.sum(1)
    shares_AC = said_AC[number_A > 0] / number_A[number_A > 0][:, None]
    return float(np.ptp(shares_AC, axis=0).max())
