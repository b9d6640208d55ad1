"""From scores of classes to what was answered: given classes, ranks, margins, probabilities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ml_core.metrics.classification import Answers
from ml_core.metrics.significance.verdict import Outcomes
from ml_core.zeroshot.vectors import similarities


@dataclass(frozen=True)
class Outcome:
    """What a classifier said of N pictures. Of equal scores the class with the lower number comes first.

    `given_NK`, `scores_NK`: the first K classes; `right_score_N`: of the true class; `margin_N`: that minus the best
    wrong one (the score itself where there is only one class).
    """

    answers: Answers
    given_NK: np.ndarray
    scores_NK: np.ndarray
    right_score_N: np.ndarray
    margin_N: np.ndarray

    def chosen(self, which_N: np.ndarray) -> Outcome:
        """The same for some pictures."""
        rest = (self.given_NK, self.scores_NK, self.right_score_N, self.margin_N)
        return Outcome(self.answers.chosen(which_N), *(values[which_N] for values in rest))

    def tested(self) -> Outcomes:
        """As the tests of `ml_core.metrics.significance` take it: every picture is a unit of its own."""
        numbers_N, ranks_N = np.arange(len(self.answers.label_N)), self.answers.rank_N
        if ranks_N is None:
            ranks_N = np.where(self.answers.right_N, 1, 2)
        return Outcomes(numbers_N, numbers_N, ranks_N, self.answers.given_N)


def joined(parts: list[Outcome]) -> Outcome:
    """Outcomes of several lots of pictures, all of one kind, as one of all, in the order given."""

    def whole(values: list[np.ndarray | None]) -> np.ndarray | None:
        there = [one for one in values if one is not None]
        return np.concatenate(there) if there else None

    told = [part.answers for part in parts]
    answers = Answers(
        np.concatenate([one.label_N for one in told]),
        np.concatenate([one.given_N for one in told]),
        told[0].classes,
        whole([one.rank_N for one in told]),
        whole([one.confidence_N for one in told]),
    )
    rest = zip(*((part.given_NK, part.scores_NK, part.right_score_N, part.margin_N) for part in parts), strict=True)
    return Outcome(answers, *(np.concatenate(values) for values in rest))


def classify(images_NE: np.ndarray, classes_CE: np.ndarray, label_N: np.ndarray, *, keep: int, scale: float) -> Outcome:
    """Cosines of pictures and classes as answers; `scale` turns them into logits of the probabilities."""
    return outcome_of(similarities(images_NE, classes_CE), label_N, len(classes_CE), keep=keep, scale=scale)


def outcome_of(
    blocks: Iterable[tuple[int, np.ndarray]], label_N: np.ndarray, classes: int, *, keep: int, scale: float
) -> Outcome:
    """Answers from blocks of scores (first picture, (B, C)), which together cover all N pictures in order."""
    keep = min(keep, classes)
    parts = [_answered(scores_BC, label_N[start : start + len(scores_BC)], keep, scale) for start, scores_BC in blocks]
    given_NK, scores_NK, rank_N, confidence_N, right_N, margin_N = map(np.concatenate, zip(*parts, strict=True))
    answers = Answers(label_N, given_NK[:, 0].astype(np.int64), classes, rank_N, confidence_N)
    return Outcome(answers, given_NK, scores_NK, right_N, margin_N)


def _answered(scores_BC: np.ndarray, label_B: np.ndarray, keep: int, scale: float) -> tuple[np.ndarray, ...]:
    """Given classes, their scores, ranks, confidences, scores and margins of the true ones; see Outcome."""
    order_BK = np.argsort(-scores_BC, axis=1, kind="stable")[:, : max(keep, 2)]
    top_BK = np.take_along_axis(scores_BC, order_BK, axis=1)
    own_B1 = np.take_along_axis(scores_BC, label_B[:, None], axis=1)
    earlier_BC = np.arange(scores_BC.shape[1]) < label_B[:, None]
    rank_B = 1 + ((scores_BC > own_B1) | ((scores_BC == own_B1) & earlier_BC)).sum(1)
    logits_BC = scale * (scores_BC.astype(np.float64) - top_BK[:, :1])
    confidence_B = 1 / np.exp(logits_BC).sum(1)
    own_B = own_B1[:, 0]
    if scores_BC.shape[1] == 1:
        wrong_B = np.zeros_like(own_B)
    else:
        wrong_B = np.where(order_BK[:, 0] == label_B, top_BK[:, 1], top_BK[:, 0])
    given_BK = order_BK[:, :keep].astype(np.int32)
    return given_BK, top_BK[:, :keep], rank_B.astype(np.int32), confidence_B, own_B, own_B - wrong_B
