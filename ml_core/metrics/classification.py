"""How well classes are told apart: accuracy, precision, recall and F1 by class and in the mean, calibration error.

All from labels, answers and confidences of N pictures; intervals resample pictures. Knows no scores and no names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ml_core.metrics.ranking import hits_at
from ml_core.metrics.uncertainty import Estimate, How, percentiles, proportion, resampled_weights, wilson

BINS = 15  # of the calibration error, of equal width, each with its upper end (Guo et al. 2017)
_CELLS = 4_000_000  # entries of a block of resampled counts by class, 32 MB
MACRO = ("precision/macro", "recall/macro", "f1/macro")


@dataclass(frozen=True)
class Answers:
    """What was said of N pictures among C classes: the true and the given class's number, the true class's rank from 1
    and the probability of the given one, (N,) each. Ranks and probabilities may be unknown (None)."""

    label_N: np.ndarray
    given_N: np.ndarray
    classes: int
    rank_N: np.ndarray | None = None
    confidence_N: np.ndarray | None = None

    @property
    def right_N(self) -> np.ndarray:
        """Whether the given class is the true one, (N,) bool."""
        return self.label_N == self.given_N

    def chosen(self, which_N: np.ndarray) -> Answers:
        """The same for some pictures."""
        rank_N = None if self.rank_N is None else self.rank_N[which_N]
        confidence_N = None if self.confidence_N is None else self.confidence_N[which_N]
        return Answers(self.label_N[which_N], self.given_N[which_N], self.classes, rank_N, confidence_N)


@dataclass(frozen=True)
class Counts:
    """Pictures by class, (…, C) each: how many have it, how many were given it, how many of those rightly."""

    support_C: np.ndarray
    given_C: np.ndarray
    right_C: np.ndarray


def counts(answers: Answers) -> Counts:
    """Pictures by class, (C,) int64 each."""
    right_N = answers.right_N
    found = (answers.label_N, answers.given_N, answers.given_N[right_N])
    return Counts(*(np.bincount(numbers, minlength=answers.classes) for numbers in found))


def precision_by_class(found: Counts) -> np.ndarray:
    """right / given, (…, C); 0 where a class was never given."""
    return found.right_C / np.maximum(found.given_C, 1)


def recall_by_class(found: Counts) -> np.ndarray:
    """right / support, (…, C); 0 where a class has no picture."""
    return found.right_C / np.maximum(found.support_C, 1)


def f1_by_class(found: Counts) -> np.ndarray:
    """2 right / (support + given), (…, C); 0 where both are 0."""
    return 2 * found.right_C / np.maximum(found.support_C + found.given_C, 1)


def macro(found: Counts) -> np.ndarray:
    """Unweighted means over classes of precision, recall and F1, (…, 3).

    Over classes that some picture has or was given, as scikit-learn does by default with zero_division=0.
    """
    occurs_C = (found.support_C + found.given_C) > 0
    classes = np.maximum(occurs_C.sum(-1), 1)
    means = [measure(found).sum(-1) / classes for measure in (precision_by_class, recall_by_class, f1_by_class)]
    return np.stack(means, axis=-1)


def confusion(answers: Answers) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The occupied cells of the confusion matrix: label, given class and number of pictures, (P,) each, in order."""
    codes_N = answers.label_N.astype(np.int64) * answers.classes + answers.given_N
    codes_P, counts_P = np.unique(codes_N, return_counts=True)
    return codes_P // answers.classes, codes_P % answers.classes, counts_P


def calibration_error(answers: Answers, bins: int = BINS) -> float:
    """Expected calibration error: Σ over bins |right - confidence summed over its pictures| / N (Guo et al. 2017).

    Bins (b/B, (b+1)/B] of equal width by the confidence in the given class; ValueError where that is unknown.
    """
    gaps_NB = _gaps(answers, bins)
    return float(np.abs(gaps_NB.sum(0)).sum() / len(gaps_NB))


def estimates(answers: Answers, ks: tuple[int, ...], how: How) -> dict[str, Estimate]:
    """`accuracy@k` for every k, `precision/macro`, `recall/macro`, `f1/macro`, and `ece` where confidences are known.

    95 % percentile intervals over resampled pictures, Wilson's where a value is 0 or 1; n is the number of pictures.
    Accuracies need ranks for every k but 1. ValueError for no picture.
    """
    pictures = len(answers.label_N)
    if not pictures:
        raise ValueError("there is no picture to measure")
    found = {}
    for k in ks:
        hits_N = answers.right_N.astype(np.int64) if answers.rank_N is None else hits_at(answers.rank_N, k)
        if answers.rank_N is None and k != 1:
            raise ValueError(f"accuracy@{k} needs the ranks of the true classes")
        found[f"accuracy@{k}"] = proportion(hits_N, np.ones(pictures, np.int64), **how)
    drawn_B3 = np.concatenate([macro(drawn) for drawn in _resampled(answers, **how)])
    for name, value, drawn_B in zip(MACRO, macro(counts(answers)), drawn_B3.T, strict=True):
        found[name] = _share(float(value), drawn_B, pictures)
    if answers.confidence_N is not None:
        found["ece"] = _calibration(answers, how)
    return found


def f1_estimates(answers: Answers, how: How) -> list[Estimate | None]:
    """F1 of every class with its interval; n is the number of its pictures, None for a class without pictures.

    Resamples in which a class neither occurs nor is given say nothing about it and are left out of its interval.
    """
    whole = counts(answers)
    value_C, support_C = f1_by_class(whole), whole.support_C
    drawn_BC = np.concatenate([_known_f1(drawn) for drawn in _resampled(answers, **how)])
    return [
        _share(float(value_C[c]), drawn_BC[~np.isnan(drawn_BC[:, c]), c], int(support_C[c])) if support_C[c] else None
        for c in range(answers.classes)
    ]


def f1_changes(before: Answers, after: Answers, how: How) -> list[Estimate | None]:
    """By how much F1 of every class changed, None for a class without pictures; n is the number of its pictures.

    Both are of the same pictures in the same order, so a resample draws a picture with both answers. Where every
    resample says the same, the interval is as wide as that of no change in the class's n pictures (Wilson's of 0).
    ValueError where labels differ.
    """
    if before.classes != after.classes or not np.array_equal(before.label_N, after.label_N):
        raise ValueError("a change is one of the same pictures among the same classes")
    classes, support_C = after.classes, counts(after).support_C
    value_C = f1_by_class(counts(after)) - f1_by_class(counts(before))
    codes_N = (after.label_N.astype(np.int64) * classes + before.given_N) * classes + after.given_N
    codes_P, number_P = np.unique(codes_N, return_counts=True)
    label_P, given_2P = codes_P // classes**2, (codes_P // classes % classes, codes_P % classes)
    blocks = []
    for drawn_BP in _drawn(number_P, classes, **how):
        was, now = (_counted(drawn_BP, label_P, given_P, classes) for given_P in given_2P)
        there_BC = now.support_C + now.given_C + was.given_C > 0
        blocks.append(np.where(there_BC, f1_by_class(now) - f1_by_class(was), np.nan).astype(np.float32))
    drawn_BC = np.concatenate(blocks)
    return [
        _difference(float(value_C[c]), drawn_BC[~np.isnan(drawn_BC[:, c]), c], int(support_C[c]))
        if support_C[c]
        else None
        for c in range(classes)
    ]


def _difference(value: float, drawn_B: np.ndarray, n: int) -> Estimate:
    """A value between -1 and 1."""
    if not len(drawn_B) or np.ptp(drawn_B) == 0:
        reach = wilson(0, n)[1]
        return Estimate(value, max(-1.0, value - reach), min(1.0, value + reach), n)
    low, high = map(float, percentiles(drawn_B))
    return Estimate(value, low, high, n)


def _known_f1(drawn: Counts) -> np.ndarray:
    """F1 (b, C) float32, NaN where a class neither occurs nor is given."""
    return np.where(drawn.support_C + drawn.given_C > 0, f1_by_class(drawn), np.nan).astype(np.float32)


def _share(value: float, drawn_B: np.ndarray, n: int) -> Estimate:
    """A value between 0 and 1; where every resample says the same the bootstrap is blind, and Wilson's stands."""
    if value in (0, 1) or not len(drawn_B) or np.ptp(drawn_B) == 0:
        return Estimate(value, *wilson(value * n, n), n)
    low, high = map(float, percentiles(drawn_B))
    return Estimate(value, low, high, n)


def _resampled(answers: Answers, resamples: int, seed: int) -> Iterator[Counts]:
    """Blocks of counts (b, C) of resampled pictures: pictures of one label and one answer are alike, so a resample is
    one multinomial draw over the occupied cells of the confusion matrix."""
    label_P, given_P, number_P = confusion(answers)
    for drawn_BP in _drawn(number_P, answers.classes, resamples, seed):
        yield _counted(drawn_BP, label_P, given_P, answers.classes)


def _drawn(number_P: np.ndarray, classes: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Blocks of resampled numbers of pictures in cells, (b, P); small enough for their counts by class too."""
    rng = np.random.default_rng(seed)
    pictures = int(number_P.sum())
    step = max(1, _CELLS // max(classes, len(number_P)))
    for start in range(0, resamples, step):
        yield rng.multinomial(pictures, number_P / pictures, size=min(step, resamples - start))


def _counted(drawn_BP: np.ndarray, label_P: np.ndarray, given_P: np.ndarray, classes: int) -> Counts:
    """Pictures by class (B, C) of numbers in cells, which are in order of label."""
    by_given_P = np.argsort(given_P, kind="stable")
    right_P = np.flatnonzero(label_P == given_P)
    given_BC = _summed(drawn_BP[:, by_given_P], given_P[by_given_P], classes)
    right_BC = _summed(drawn_BP[:, right_P], label_P[right_P], classes)
    return Counts(_summed(drawn_BP, label_P, classes), given_BC, right_BC)


def _summed(values_BP: np.ndarray, class_P: np.ndarray, classes: int) -> np.ndarray:
    """Sums (B, C) over columns of the same class; columns are in order of class."""
    found_U, first_U = np.unique(class_P, return_index=True)
    sums_BC = np.zeros((len(values_BP), classes), np.int64)
    if len(found_U):
        sums_BC[:, found_U] = np.add.reduceat(values_BP, first_U, axis=1)
    return sums_BC


def _gaps(answers: Answers, bins: int) -> np.ndarray:
    """right - confidence of each picture in the column of its bin, else 0, (N, bins)."""
    if answers.confidence_N is None:
        raise ValueError("a calibration error needs confidences")
    confidence_N = np.asarray(answers.confidence_N, dtype=np.float64)
    bin_N = np.clip(np.ceil(confidence_N * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps_NB = np.zeros((len(confidence_N), bins))
    gaps_NB[np.arange(len(confidence_N)), bin_N] = answers.right_N - confidence_N
    return gaps_NB


def _calibration(answers: Answers, how: How) -> Estimate:
    """A sum of sizes is larger in a resample than in the sample, so the interval reaches down to the value at least."""
    gaps_NB, value = _gaps(answers, BINS), calibration_error(answers)
    pictures = len(gaps_NB)
    if pictures == 1:
        return Estimate(value, None, None, 1)
    weights = resampled_weights(pictures, how["resamples"], how["seed"])
    drawn_B = np.concatenate([np.abs(weights_BN @ gaps_NB).sum(1) for weights_BN in weights]) / pictures
    low, high = map(float, percentiles(drawn_B))
    return Estimate(value, min(low, value), max(high, value), pictures)
