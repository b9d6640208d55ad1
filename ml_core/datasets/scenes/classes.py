"""Classes of scenes whose names alone do not tell what they look like, and the scenes that belong to each.

A class is a kind of vehicle in one colour, under a name that says neither. Pictures of it differ in place, number and
company.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ml_core.datasets.scenes.kinds import ACTORS, COLOURS, KINDS, MARKED
from ml_core.datasets.scenes.world import Group, Scene, dice, sensible, split_of

DOMAIN = "vehicle"
IN_COMPANY = 0.5  # share of pictures with somebody beside the vehicle
MISREAD = 0.15  # share of vehicles whose colour an observer takes for another


@dataclass(frozen=True)
class Look:
    """What a class is called, and what its vehicles look like."""

    name: str
    kind: str
    colour: str


LOOKS = (
    Look("Merlin", "car", "red"),
    Look("Tarn", "car", "blue"),
    Look("Corvo", "car", "green"),
    Look("Petrel", "boat", "red"),
    Look("Sula", "boat", "blue"),
    Look("Brisa", "boat", "green"),
    Look("Rook", "bicycle", "red"),
    Look("Pinto", "bicycle", "blue"),
    Look("Vega", "bicycle", "green"),
)


def label_of(number: int) -> int:
    """The class of picture `number`: all by turns."""
    return number % len(LOOKS)


def scene_of(seed: int, split: str, number: int) -> Scene:
    """What is in picture `number`; its facts are in no other split."""
    look = LOOKS[label_of(number)]
    for attempt in range(10_000):
        scene = _drawn(look, dice("class", seed, split, number, attempt))
        if sensible(scene) and split_of(scene) == split:
            return scene
    raise RuntimeError(f"no picture {number} of {look.name} for seed {seed} in split {split}")


def observed(scene: Scene, chance: random.Random) -> Scene:
    """The scene as somebody saw it who knows no classes and now and then misreads the vehicle's colour."""
    if chance.random() >= MISREAD:
        return scene
    place = next(n for n, group in enumerate(scene.groups) if not KINDS[group.kind].actions)
    group = scene.groups[place]
    others = [colour for colour in KINDS[group.kind].colours if colour != group.colour and colour in COLOURS]
    groups = (*scene.groups[:place], replace(group, colour=chance.choice(others)), *scene.groups[place + 1 :])
    return replace(scene, groups=groups)


def looks_like(scene: Scene) -> Look | None:
    """The class that a scene as it was seen belongs to; None where no class looks so."""
    seen = {(group.kind, group.colour) for group in scene.groups}
    return next((look for look in LOOKS if (look.kind, look.colour) in seen), None)


def _drawn(look: Look, chance: random.Random) -> Scene:
    kind = KINDS[look.kind]
    setting = chance.choice(kind.places)
    place = MARKED[setting] if chance.random() < 0.5 else setting
    vehicle = Group(look.kind, look.colour, chance.choice((1, 1, 1, 2)))
    if chance.random() >= IN_COMPANY:
        return Scene(place, (vehicle,))
    other = KINDS[chance.choice(ACTORS)]
    company = Group(other.name, chance.choice(other.colours), 1, chance.choice(other.actions))
    return Scene(place, (company, vehicle), chance.choice(kind.relations))
