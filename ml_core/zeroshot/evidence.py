"""The captions that speak for an answer: the one nearest the picture of the class given and of the true class, and the
picture's own nearest one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ml_core.zeroshot.outcome import Outcome
from ml_core.zeroshot.vectors import Captions, products

_DIGITS = 4


@dataclass(frozen=True)
class Told:
    """Captions of owners and, by owner and place, their words."""

    captions: Captions
    words: Callable[[int, int], str]


def told_of(captions: Captions | None, rows: Sequence[Sequence[str]] | None) -> Told | None:
    """Captions with their words as rows of texts, one row an owner; None where there are none."""
    if captions is None or rows is None:
        return None
    return Told(captions, lambda owner, place: rows[owner][place])


def evidence(outcome: Outcome, images_NE: np.ndarray, classes: Told | None, pictures: Told | None) -> list[str | None]:
    """One JSON text a picture, None where nothing is told of it: `given` (the first class given that is not the true
    one) and `right` (the true class), each the class's caption of greatest cosine with the picture, with the
    `…_cosine`; `picture`, the picture's own caption of greatest cosine (which the fusion weighs most).
    """
    found: list[dict[str, str | float]] = [{} for _ in images_NE]
    if classes is not None:
        for side, class_N in (("given", wrong(outcome)), ("right", outcome.answers.label_N)):
            place_N, cosine_N = nearest(images_NE, classes.captions, class_N)
            for n in np.flatnonzero(place_N >= 0).tolist():
                found[n][side] = _storable(classes.words(int(class_N[n]), int(place_N[n])))
                found[n][f"{side}_cosine"] = round(float(cosine_N[n]), _DIGITS)
    if pictures is not None:
        place_N = own(images_NE, pictures.captions)
        for n in np.flatnonzero(place_N >= 0).tolist():
            found[n]["picture"] = _storable(pictures.words(n, int(place_N[n])))
    return [json.dumps(one, ensure_ascii=False) if one else None for one in found]


def _storable(text: str) -> str:
    """Without what no file or database keeps: zero characters, halves of pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def wrong(outcome: Outcome) -> np.ndarray:
    """The first class given to each picture that is not its own, (N,); -1 where none other was given."""
    other_NK = outcome.given_NK != outcome.answers.label_N[:, None]
    first_N = np.take_along_axis(outcome.given_NK, other_NK.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(other_NK.any(axis=1), first_N, -1).astype(np.int64)


def nearest(images_NE: np.ndarray, captions: Captions, owner_N: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place among its owner's captions of the one with the greatest cosine, and that cosine, (N,) each; of equal ones
    the first. -1 where a picture has no owner (-1) or the owner no caption. One product an owner."""
    place_N, cosine_N = np.full(len(images_NE), -1), np.zeros(len(images_NE), np.float32)
    for owner in np.unique(owner_N[owner_N >= 0]):
        there_K = np.flatnonzero(captions.text_NK[owner] >= 0)
        if len(there_K):
            which_B = np.flatnonzero(owner_N == owner)
            cosine_BK = products(images_NE[which_B], captions.vectors_UE[captions.text_NK[owner, there_K]])
            best_B = cosine_BK.argmax(axis=1)
            place_N[which_B], cosine_N[which_B] = there_K[best_B], cosine_BK.max(axis=1)
    return place_N, cosine_N


def own(images_NE: np.ndarray, captions: Captions) -> np.ndarray:
    """Place among each picture's captions of the one with the greatest cosine, (N,); -1 for a picture without any."""
    there_NK = captions.text_NK >= 0
    if not there_NK.any():
        return np.full(len(images_NE), -1)
    likeness_NK = np.where(there_NK, captions.likeness(images_NE), -np.inf)
    return np.where(there_NK.any(axis=1), likeness_NK.argmax(axis=1), -1)
