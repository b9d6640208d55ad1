"""Shares of categories among all items of a population from a stratified sample of labelled ones.

Stratum h of N_h items of which n_h are labelled has the weight N_h / n_h an item (the expansion estimator; Cochran,
Sampling Techniques, 1977, chapter 5). What the labels say is not what is true:

- Corrected, where 50 gold items, or 100 items with three labels that agree well enough, allow it: the shares of the
  truth that the weighted, anchored model of `anchored.py` finds, which is Rogan and Gladen's correction with each
  annotator's own matrix.
- Else as labelled, each item once by its settled label. The interval then allows for label error in either direction.
  If two annotators of an item err independently and are each more often right than not about a category c, the share
  labelled c is off by at most D_c, how often exactly one of two says c, and for small errors by half of it: a
  disagreement over c is either a c that one missed or another that one took for c. The interval reaches from the low
  end of (share − D_c / 2) to the high end of (share + D_c / 2): Manski's bounds, the ends so far out that wherever
  between them the truth lies it is covered at 95 % (Imbens and Manski 2004).

Every resample draws items within strata and goes the whole way again: consensus, settled labels, disagreement, and the
model with its matrices. Ends are the farther of the resamples' percentiles and of Wilson's interval with the number of
independent items that the resamples' variance amounts to (Korn and Graubard 1998, with Wilson's in place of the exact
one), because percentiles say nothing of categories seen once or never.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ml_core.metrics.agreement.anchored import Fit, Kinds, fit, posteriors
from ml_core.metrics.agreement.dawid_skene import dawid_skene
from ml_core.metrics.agreement.majority import majority
from ml_core.metrics.agreement.resampling import Finding
from ml_core.metrics.agreement.tallies import tally
from ml_core.metrics.uncertainty import LEVEL, RESAMPLES, wilson

ENOUGH_GOLD, ENOUGH_OVERLAP = 50, 100
ENOUGH_AGREEMENT = 0.55  # of pairs of labels: of annotators who err more, labels alone do not tell who
_STILL = 0.2  # of one item's share: a step of the model below it is small beside what resampling moves
_CELLS = 2_000_000_000  # entries of posteriors over all resamples that are worth the wait


class Sample(NamedTuple):
    """Labelled items: labels (I, A), −1 where missing; the known truth (I,) or −1; the stratum's number (I,).

    `gold_I` marks the truths that were planted whatever the labels said: they alone count as enough gold. `sizes_H` is
    how many items of the population each stratum has.
    """

    labels_IA: np.ndarray
    known_I: np.ndarray
    gold_I: np.ndarray
    strata_I: np.ndarray
    sizes_H: np.ndarray


class Enough(NamedTuple):
    """What a correction can rest on, what it rests on ("" for nothing) and how many more of each would do."""

    gold: int
    overlap: int
    by: str
    missing_gold: int
    missing_overlap: int
    agreement: float | None = None  # share of pairs of labels that agree


class Shares(NamedTuple):
    """For each of J sums of categories: among the sample, among all as labelled (sampling alone), among all."""

    sample: list[Finding]
    uncorrected: list[Finding]
    all: list[Finding]
    enough: Enough
    settled_I: np.ndarray
    resamples: int
    doubt: bool  # whether `all` allows for label error


def enough(sample: Sample) -> Enough:
    """Whether gold items or items with three labels or more are many enough to correct for label error.

    Two labels do not do: which of two annotators erred cannot be told from their disagreement. Nor do labels of
    annotators who agree in less than ENOUGH_AGREEMENT of pairs: simulated, such corrections cover less than 95 %.
    """
    number_I = (sample.labels_IA >= 0).sum(1)
    gold = int((sample.gold_I & (number_I >= 1)).sum())
    overlap = int((number_I >= 3).sum())
    agreement = _agreement(sample.labels_IA)
    dependable = overlap >= ENOUGH_OVERLAP and agreement is not None and agreement >= ENOUGH_AGREEMENT
    by = "gold" if gold >= ENOUGH_GOLD else "overlap" if dependable else ""
    return Enough(gold, overlap, by, max(0, ENOUGH_GOLD - gold), max(0, ENOUGH_OVERLAP - overlap), agreement)


def extrapolated_shares(
    sample: Sample,
    categories: int,
    *,
    sums_CJ: np.ndarray | None = None,
    rule: str = "majority",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Shares:
    """The shares among the population, of every category or of the sums of them that `sums_CJ` names by ones.

    Items without label and known truth are left out: they are taken to be missing at random within their stratum.
    ValueError where none is left or a stratum of the sample has no size.
    """
    sums_CJ = np.eye(categories) if sums_CJ is None else sums_CJ
    told_I = (sample.labels_IA >= 0).any(1) | (sample.known_I >= 0)
    if not told_I.any():
        raise ValueError("no item has a label")
    labels_IA, known_I, gold_I, strata_I = (part[told_I] for part in sample[:4])
    kept = Sample(labels_IA, known_I, gold_I, strata_I, sample.sizes_H)
    kinds, place_I, counts_K, stratum_K = _kinds(kept, categories)
    resamples = int(max(100, min(resamples, _CELLS // (len(counts_K) * categories * 20))))
    weights_BK = _draw(counts_K, stratum_K, kept.sizes_H, resamples, seed)
    allowed = enough(kept)
    settled_K, labelled_BC = _settle(kinds, kept, place_I, weights_BK, rule)
    flat_BJ = labelled_BC @ sums_CJ
    n = _independent(weights_BK[0], counts_K)
    labelled = [_finding(*column, n, len(place_I)) for column in _columns(flat_BJ)]
    if allowed.by:
        first = fit(kinds, weights_BK[:1], tolerance=1e-6, iterations=3000)
        drawn = fit(kinds, weights_BK[1:], start=first, tolerance=_STILL / len(place_I), iterations=500)
        whole_BJ = np.concatenate([first.shares_BC, drawn.shares_BC]) @ sums_CJ
        among = [_unbiased(*column, n, len(place_I)) for column in _columns(whole_BJ)]
        doubt = False
    else:
        doubt_BJ = _half_disagreement(kinds, weights_BK, sums_CJ)
        doubt = bool(doubt_BJ[0].any())
        among = [
            _widened(share_B, doubt_B, n, len(place_I)) for share_B, doubt_B in zip(flat_BJ.T, doubt_BJ.T, strict=True)
        ]
    hits_J = (np.eye(categories)[settled_K[place_I]] @ sums_CJ).sum(0)
    own = [Finding(float(h / len(place_I)), *wilson(h, len(place_I)), len(place_I)) for h in hits_J]
    settled_I = np.full(len(told_I), -1)
    settled_I[told_I] = settled_K[place_I]
    return Shares(own, labelled, among, allowed, settled_I, resamples, doubt)


def _kinds(sample: Sample, categories: int) -> tuple[Kinds, np.ndarray, np.ndarray, np.ndarray]:
    """The distinct items, which of them each item is, how many there are of each and each one's stratum."""
    rows_IX = np.column_stack([sample.strata_I, sample.known_I, sample.labels_IA])
    rows_KX, place_I, counts_K = np.unique(rows_IX, axis=0, return_inverse=True, return_counts=True)
    labels_KA = rows_KX[:, 2:]
    said_KX = np.zeros((len(rows_KX), labels_KA.shape[1] * categories))
    row, annotator = np.nonzero(labels_KA >= 0)
    said_KX[row, annotator * categories + labels_KA[row, annotator]] = 1
    return Kinds(said_KX, rows_KX[:, 1], categories), place_I.ravel(), counts_K, rows_KX[:, 0]


def _draw(counts_K: np.ndarray, stratum_K: np.ndarray, sizes_H: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """(1 + B, K) weights: the sample as it is, then B resamples of as many items within each stratum."""
    rng = np.random.default_rng(seed)
    weights_BK = np.zeros((1 + resamples, len(counts_K)))
    covered = sum(float(sizes_H[stratum]) for stratum in np.unique(stratum_K))
    for stratum in np.unique(stratum_K):
        here_K = stratum_K == stratum
        counts = counts_K[here_K]
        n, size = int(counts.sum()), float(sizes_H[stratum])
        if size <= 0:
            raise ValueError(f"stratum {stratum} has labelled items but no size")
        drawn = np.vstack([counts, rng.multinomial(n, counts / n, size=resamples)])
        weights_BK[:, here_K] = drawn * (size / covered * counts_K.sum() / n)
    return weights_BK


def _settle(
    kinds: Kinds, sample: Sample, place_I: np.ndarray, weights_BK: np.ndarray, rule: str
) -> tuple[np.ndarray, np.ndarray]:
    """Each kind's settled label (K,), and the shares of settled labels (1 + B, C), settled anew in each resample."""
    known_K, total_B1 = kinds.known_K, weights_BK.sum(1, keepdims=True)
    eye_CC = np.eye(kinds.categories)
    if rule == "majority":
        counts_KC = kinds.said_KX.reshape(len(known_K), -1, kinds.categories).sum(1)
        settled_K = np.where(known_K >= 0, known_K, majority(counts_KC).labels_I)
        return settled_K, weights_BK @ eye_CC[settled_K] / total_B1
    consensus = dawid_skene(sample.labels_IA, kinds.categories)
    settled_K = np.empty(len(known_K), dtype=np.int64)
    settled_K[place_I] = consensus.labels_I
    settled_K = np.where(known_K >= 0, known_K, settled_K)
    errors_ASC = np.nan_to_num(consensus.errors_ACC).transpose(0, 2, 1)
    free = kinds._replace(known_K=np.full(len(known_K), -1))
    start = Fit(consensus.priors_C[None], errors_ASC[None])
    blocks = [weights_BK[:1] @ eye_CC[settled_K]]
    step = max(1, 3_000_000 // kinds.said_KX.size)
    for at in range(1, len(weights_BK), step):
        weights_bK = weights_BK[at : at + step]
        found = fit(free, weights_bK, start=start, pooling=0, diagonal=0, iterations=100)
        labels_bK = np.where(known_K >= 0, known_K, posteriors(free, found).argmax(2))
        blocks.append(np.einsum("bk,bkc->bc", weights_bK, eye_CC[labels_bK]))
    return settled_K, np.concatenate(blocks) / total_B1


def _half_disagreement(kinds: Kinds, weights_BK: np.ndarray, sums_CJ: np.ndarray) -> np.ndarray:
    """(1 + B, J) half of how often exactly one of two labels is in each sum, times the weight that labels settle."""
    counts_KC = kinds.said_KX.reshape(len(kinds.known_K), -1, kinds.categories).sum(1)
    number_K = counts_KC.sum(1)
    inside_KJ = counts_KC @ sums_CJ
    paired_K = number_K >= 2
    pairs_K = np.where(paired_K, number_K * (number_K - 1), 1)
    parted_KJ = 2 * inside_KJ * (number_K[:, None] - inside_KJ) / pairs_K[:, None] * paired_K[:, None]
    paired_B = weights_BK @ paired_K
    parted_BJ = weights_BK @ parted_KJ / np.where(paired_B > 0, paired_B, 1)[:, None]
    open_B = weights_BK @ (kinds.known_K < 0) / weights_BK.sum(1)
    return parted_BJ / 2 * open_B[:, None]


def _independent(weights_K: np.ndarray, counts_K: np.ndarray) -> float:
    """Kish's number of items that unequal weights leave."""
    return float(weights_K.sum() ** 2 / (weights_K**2 / counts_K).sum())


def _columns(whole_BJ: np.ndarray) -> list[tuple[float, np.ndarray]]:
    return [(float(column[0]), column[1:]) for column in whole_BJ.T]


def _finding(point: float, drawn_B: np.ndarray, n: float, items: int) -> Finding:
    return Finding(min(max(point, 0.0), 1.0), *_ends(point, drawn_B, n), items)


def _unbiased(point: float, drawn_B: np.ndarray, n: float, items: int) -> Finding:
    """An interval that also holds the ends around the share less the bias that its resamples show.

    Likelihood finds rare categories too often where annotators err much.
    """
    low, high = _ends(point, drawn_B, n)
    shifted = min(max(2 * point - float(drawn_B.mean()), 0.0), 1.0)
    lower, upper = _ends(shifted, np.clip(drawn_B + shifted - point, 0, 1), n)
    return Finding(min(max(point, 0.0), 1.0), min(low, lower), max(high, upper), items)


def _widened(share_B: np.ndarray, doubt_B: np.ndarray, n: float, items: int) -> Finding:
    """From the low end of share − doubt to the high end of share + doubt; the first of each is the sample's own."""
    lower_B, upper_B = np.clip(share_B - doubt_B, 0, 1), np.clip(share_B + doubt_B, 0, 1)
    level = _level(float(upper_B[0] - lower_B[0]), float(max(lower_B[1:].std(), upper_B[1:].std(), 1e-9)))
    low = _ends(float(lower_B[0]), lower_B[1:], n, level)[0]
    high = _ends(float(upper_B[0]), upper_B[1:], n, level)[1]
    return Finding(float(share_B[0]), low, high, items)


def _level(gap: float, spread: float) -> float:
    """The two-sided level of both ends at which a truth anywhere in a gap this wide is covered at LEVEL."""
    normal = NormalDist()
    near, far = normal.inv_cdf(LEVEL), normal.inv_cdf((1 + LEVEL) / 2)
    for _ in range(30):
        middle = (near + far) / 2
        enough = normal.cdf(middle + gap / spread) - normal.cdf(-middle) >= LEVEL
        near, far = (near, middle) if enough else (middle, far)
    return 2 * normal.cdf(far) - 1


def _ends(point: float, drawn_B: np.ndarray, n: float, level: float = LEVEL) -> tuple[float, float]:
    point = min(max(point, 0.0), 1.0)
    spread = float(drawn_B.var(ddof=1))
    held = min(max(point, 0.5 / n), 1 - 0.5 / n)
    independent = min(n, held * (1 - held) / spread) if spread > 1e-12 else n
    tail = (1 - level) / 2
    percentiles = np.quantile(drawn_B, (tail, 1 - tail))
    low, high = wilson(point * independent, independent, level)
    return max(0.0, min(low, float(percentiles[0]))), min(1.0, max(high, float(percentiles[1])))


def _agreement(labels_IA: np.ndarray) -> float | None:
    """The share of pairs of labels of an item that agree; None without a pair."""
    counts_IC = tally(labels_IA, int(labels_IA.max(initial=-1)) + 1)
    number_I = counts_IC.sum(1)
    paired_I = number_I >= 2
    if not paired_I.any():
        return None
    agreeing_I = (counts_IC * (counts_IC - 1)).sum(1)[paired_I]
    return float((agreeing_I / (number_I * (number_I - 1))[paired_I]).mean())
