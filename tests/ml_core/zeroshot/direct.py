"""The fusion written out with loops in double precision, as it stands on paper: what the real one is held to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def n(vector: np.ndarray) -> np.ndarray:
    """At unit length."""
    return vector / np.linalg.norm(vector)


def mixed(captions: Sequence[np.ndarray], owner: np.ndarray, tau: float | None) -> np.ndarray | None:
    """n(Σ softmax(caption · owner / τ) caption); None where there is no caption."""
    if not len(captions):
        return None
    cosines = np.array([caption @ owner for caption in captions])
    raised = np.ones(len(captions)) if tau is None else np.exp((cosines - cosines.max()) / tau)
    weights = raised / raised.sum()
    return n(sum(weight * caption for weight, caption in zip(weights, captions, strict=True)))


def fused(base: np.ndarray, added: np.ndarray | None, share: float) -> np.ndarray:
    """n((1 - share) base + share added)."""
    return n(base) if added is None else n((1 - share) * base + share * added)


def scores(
    images: Sequence[np.ndarray],
    domain: Sequence[np.ndarray],
    classes: Sequence[np.ndarray],
    class_captions: Sequence[Sequence[np.ndarray]],
    image_captions: Sequence[Sequence[np.ndarray]],
    point: tuple[float, float, float | None, float | None],
) -> np.ndarray:
    """I+ · C+ (N, C) in float64."""
    alpha, beta, tau_t2t, tau_i2t = point
    plus_c = [
        fused(t, mixed(captions, d, tau_t2t), alpha)
        for t, d, captions in zip(classes, domain, class_captions, strict=True)
    ]
    plus_i = [
        fused(image, mixed(captions, image, tau_i2t), beta)
        for image, captions in zip(images, image_captions, strict=True)
    ]
    return np.array(plus_i) @ np.array(plus_c).T
