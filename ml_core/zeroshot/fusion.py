"""SynCE's fusion: captions of classes and of pictures enter their vectors. The embeddings themselves, point by point.

    d_c = n(f_T(domain template))              t_c = d_c, or the generic one
    z_ck = n(f_T("An image of a {c}. {cap_k}"))
    w_ck = softmax_k(z_ck · d_c / τ_t2t)       C_c = n(Σ_k w_ck z_ck)      C+_c = n((1-α) t_c + α C_c)
    v_k  = softmax_k(e_k · I / τ_i2t)          G   = n(Σ_k v_k e_k)        I+   = n((1-β) I + β G)

A class or picture without captions stays as it is, and so does everything on a side without any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ml_core.zeroshot.outcome import Outcome, classify
from ml_core.zeroshot.vectors import Captions, unit


@dataclass(frozen=True)
class Sides:
    """Unit vectors: pictures I (N, E), classes in the domain's sentence d (C, E) and in the sentence t that is enriched
    (C, E), captions z of classes and e of pictures (None where a side has none)."""

    images_NE: np.ndarray
    domain_CE: np.ndarray
    classes_CE: np.ndarray
    class_captions: Captions | None
    image_captions: Captions | None

    def of_pictures(self, which_N: np.ndarray) -> Sides:
        """The same for some pictures."""
        captions = self.image_captions and self.image_captions.chosen(which_N)
        return replace(self, images_NE=self.images_NE[which_N], image_captions=captions)


@dataclass(frozen=True)
class Point:
    """Settings of the fusion; a temperature of None weighs captions all alike."""

    alpha: float
    beta: float
    tau_t2t: float | None
    tau_i2t: float | None


def class_side(sides: Sides, tau: float | None) -> np.ndarray | None:
    """C (C, E), zeros for a class without captions; None where no class has any."""
    if sides.class_captions is None:
        return None
    return sides.class_captions.mixed(sides.class_captions.weights(sides.domain_CE, tau))


def image_side(sides: Sides, tau: float | None) -> np.ndarray | None:
    """G (N, E), zeros for a picture without captions; None where no picture has any."""
    if sides.image_captions is None:
        return None
    return sides.image_captions.mixed(sides.image_captions.weights(sides.images_NE, tau))


def fused(base_NE: np.ndarray, added_NE: np.ndarray | None, share: float) -> np.ndarray:
    """n((1 - share) base + share added), (N, E); the base itself, to the bit, where the share is 0 or nothing is
    added."""
    if share == 0 or added_NE is None:
        return base_NE
    mixed_NE = unit((1 - share) * base_NE + share * added_NE)
    return np.where(added_NE.any(axis=1, keepdims=True), mixed_NE, base_NE)


def enriched(sides: Sides, point: Point) -> tuple[np.ndarray, np.ndarray]:
    """I+ (N, E) and C+ (C, E) at a point."""
    images_NE = fused(sides.images_NE, image_side(sides, point.tau_i2t) if point.beta else None, point.beta)
    classes_CE = fused(sides.classes_CE, class_side(sides, point.tau_t2t) if point.alpha else None, point.alpha)
    return images_NE, classes_CE


def classified(sides: Sides, point: Point, label_N: np.ndarray, *, keep: int, scale: float) -> Outcome:
    """ŷ = argmax_c I+ · C+_c with all that belongs to it; α = β = 0 is the plain classifier."""
    images_NE, classes_CE = enriched(sides, point)
    return classify(images_NE, classes_CE, label_N, keep=keep, scale=scale)
