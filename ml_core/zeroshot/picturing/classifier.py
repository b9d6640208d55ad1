"""A fused classifier that can be asked about pictures and captions that are not in its data set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ml_core.zeroshot.data import Labelled
from ml_core.zeroshot.fusion import Point, Sides, class_side, enriched, fused, image_side
from ml_core.zeroshot.material import Told
from ml_core.zeroshot.outcome import Outcome
from ml_core.zeroshot.vectors import Captions, products


@dataclass(frozen=True)
class Classifier:
    """What was classified, with which texts and vectors, at which point, and what came of it."""

    labelled: Labelled
    told: Told
    sides: Sides
    point: Point
    outcome: Outcome

    @cached_property
    def plus(self) -> tuple[np.ndarray, np.ndarray]:
        """I+ (N, E) and C+ (C, E)."""
        return enriched(self.sides, self.point)

    def scores(self, images_BE: np.ndarray, captions: Captions | None) -> np.ndarray:
        """Scores of classes (B, C) of other pictures, with captions of their own."""
        side = Sides(images_BE, self.sides.domain_CE, self.sides.classes_CE, None, captions)
        added_BE = image_side(side, self.point.tau_i2t) if self.point.beta else None
        return products(fused(images_BE, added_BE, self.point.beta), self.plus[1])

    def captions_of(self, number: int, times: int) -> Captions | None:
        """The captions of one picture, so many times over."""
        captions = self.sides.image_captions
        return captions and captions.chosen(np.full(times, number))

    def class_vectors(self, number: int, captions: Captions) -> np.ndarray:
        """C+ of one class with each of B sets of captions, (B, E)."""
        times = np.full(len(captions), number)
        domain_BE, classes_BE = self.sides.domain_CE[times], self.sides.classes_CE[times]
        added_BE = class_side(Sides(classes_BE, domain_BE, classes_BE, captions, None), self.point.tau_t2t)
        return fused(classes_BE, added_BE, self.point.alpha)
