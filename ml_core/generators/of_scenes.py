"""Captions of drawn scenes that are classes, in the published layout, written by code.

Class side: from what a class looks like. Image side: from what an observer saw, who misreads now and then and knows no
label.
"""

from __future__ import annotations

from ml_core.datasets.scenes.classes import LOOKS, looks_like, observed, scene_of
from ml_core.datasets.scenes.reader import class_item
from ml_core.datasets.scenes.wording import captions
from ml_core.datasets.scenes.world import dice
from ml_core.generators.recorded import class_layout, image_layout

SAID = (
    "a {colour} {kind}",
    "two {colour} {kind}s",
    "a picture of a {colour} {kind}",
    "there is a {colour} {kind} in the park",
    "a person is sitting next to a {colour} {kind}",
    "a {colour} {kind} at the beach",
)
EACH = 3  # captions of a picture
META = {"model": "written by code", "simulated": True}


def class_captions() -> str:
    """The class side as the text of a file."""
    told = [[text.format(colour=look.colour, kind=look.kind) for text in SAID] for look in LOOKS]
    return class_layout([look.name for look in LOOKS], told, [None] * len(LOOKS), META)


def image_captions(count: int, *, seed: int, split: str = "heldout") -> str:
    """The image side of `scenes:COUNT?task=classification&seed=…&split=…` as the text of a file."""
    names, told, guesses = [], [], []
    for number in range(count):
        chance = dice("seen", seed, split, number)
        seen = observed(scene_of(seed, split, number), chance)
        look = looks_like(seen)
        names.append(f"{class_item(number, seed, split)}.jpg")
        told.append([caption.text for caption in captions(seen, chance)[:EACH]])
        guesses.append(look.name if look else None)
    return image_layout(names, told, guesses, META)
