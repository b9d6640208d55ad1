"""The facts of a scene, and families of scenes: a base, a near duplicate, and siblings that differ in one factor."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ml_core.datasets.scenes.kinds import (
    ACTORS,
    DEPTHS,
    KINDS,
    LANDMARKS,
    MARKED,
    ORDER,
    PLACES,
    RELATIONS,
    SETTINGS,
    SIDES,
    THINGS,
    setting_of,
)

FACTORS = ("object", "count", "attribute", "action", "spatial", "context")
SLOTS = ("base", "nearduplicate", *FACTORS)  # the eight siblings of a family, in order
SPLITS = ("heldout", "train")
WITH_LANDMARK = 0.85  # share of bases whose place has its landmark
TWIN_PLACE = 0.85  # share of families in which the place changes by its landmark alone, as near misses do
RESTING = ("sitting", "sleeping", "eating")


@dataclass(frozen=True)
class Group:
    """`count` things of one kind, colour and, if they can act, action. A person's colour is that of the clothes."""

    kind: str
    colour: str
    count: int
    action: str | None = None


@dataclass(frozen=True)
class Scene:
    """Everything that is true of a picture: where it is, one or two groups, how the first stands to the second."""

    place: str
    groups: tuple[Group, ...]
    relation: str | None = None

    def facts(self) -> dict[str, Any]:
        """Plain values, as they are kept in `Dataset.facts`."""
        groups = [{"kind": g.kind, "colour": g.colour, "count": g.count, "action": g.action} for g in self.groups]
        return {"place": self.place, "groups": groups, "relation": self.relation}

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Scene:
        """The scene that `facts` came from."""
        return cls(facts["place"], tuple(Group(**group) for group in facts["groups"]), facts["relation"])


@dataclass(frozen=True)
class Member:
    """One scene of a family, and the factor in which it differs from the family's base."""

    factor: str
    scene: Scene


def dice(*parts: object) -> random.Random:
    """A random source that depends on `parts` alone."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return random.Random(int.from_bytes(digest[:8], "big"))  # noqa: S311


def split_of(scene: Scene) -> str:
    """The split that owns these facts, whatever the seed: no two scenes of different splits have equal facts."""
    groups = ((group.kind, group.colour, group.count, group.action) for group in scene.groups)
    digest = hashlib.sha256(repr((scene.place, scene.relation, *groups)).encode()).digest()
    return SPLITS[digest[0] % 2]


def sensible(scene: Scene) -> bool:
    """Whether the scene can be drawn so that its facts can be seen."""
    if not all(_suits(group, scene.place) for group in scene.groups):
        return False
    if len(scene.groups) == 1:
        return scene.relation is None
    first, second = scene.groups
    return scene.relation is not None and _stands(first, second, scene.relation)


def _suits(group: Group, place: str) -> bool:
    kind = KINDS[group.kind]
    acts = group.action in kind.actions if kind.actions else group.action is None
    setting = setting_of(place)
    too_white = group.colour == "white" and setting == "snow"
    in_the_road = (group.kind, group.action, setting) == ("person", "sleeping", "street")
    fits = setting in kind.places and group.colour in kind.colours and group.count <= kind.most
    return acts and fits and not too_white and not in_the_road


def _stands(first: Group, second: Group, relation: str) -> bool:
    """Whether `first` can have `relation` to `second`: room for all, and nothing hidden."""
    together = first.count + second.count
    if ORDER[first.kind] >= ORDER[second.kind] or relation not in KINDS[second.kind].relations:
        return False
    if together > (3 if relation in DEPTHS else 5):
        return False
    if first.action is None:
        return relation in SIDES or (relation in DEPTHS and "kite" not in (first.kind, second.kind))
    if first.action == "flying":
        return relation in ("above", *SIDES) and second.kind != "kite"
    if relation == "on":
        return _sits_on(first, second)
    if relation == "under":
        most = 1 if second.kind == "umbrella" else 3
        return first.action != "jumping" and first.count <= 3 and second.count <= most
    if relation == "behind" and first.action == "eating":
        return False  # a head that is down would be hidden
    leaps_in_front = first.action == "jumping" and relation == "in front of"
    return relation != "above" and not (leaps_in_front and together > 2)


def _sits_on(first: Group, second: Group) -> bool:
    room = {"bench": 3, "car": 2, "boat": 2}.get(second.kind, 1)
    return first.action in RESTING and first.kind != "horse" and first.count <= room and second.count == 1


def variants(base: Scene, factor: str) -> Iterator[Scene]:
    """Every sensible scene that differs from `base` in exactly this factor."""
    for scene in _changed(base, factor):
        if scene != base and sensible(scene):
            yield scene


def _changed(base: Scene, factor: str) -> Iterator[Scene]:
    if factor == "context":
        yield from (replace(base, place=place) for place in PLACES)
    elif factor == "spatial":
        yield from (replace(base, relation=relation) for relation in RELATIONS if base.relation)
    else:
        for position, group in enumerate(base.groups):
            for other in _other_groups(group, factor):
                groups = (*base.groups[:position], other, *base.groups[position + 1 :])
                if len({g.kind for g in groups}) == len(groups):
                    yield replace(base, groups=groups)


def _other_groups(group: Group, factor: str) -> Iterator[Group]:
    kind = KINDS[group.kind]
    if factor == "object":
        yield from (replace(group, kind=name) for name in (ACTORS if kind.actions else THINGS))
    elif factor == "attribute":
        yield from (replace(group, colour=colour) for colour in kind.colours)
    elif factor == "count":
        yield from (replace(group, count=count) for count in range(1, kind.most + 1))
    elif factor == "action":
        yield from (replace(group, action=action) for action in kind.actions)


@lru_cache(maxsize=4096)
def family(seed: int, split: str, number: int) -> tuple[Member, ...]:
    """The eight scenes of family `number`: the base, a near duplicate of it, and one sibling for each factor.

    Where a factor cannot vary (a ball does not act, a lone cat stands to nothing) its place is taken by another one.
    """
    for attempt in range(30_000):
        place, kinds, relation = _theme(dice("theme", seed, split, number, attempt // 300))
        chance = dice("family", seed, split, number, attempt)
        base = Scene(place, tuple(_random_group(chance, name) for name in kinds), relation)
        if not sensible(base) or split_of(base) != split:
            continue
        members = _siblings(base, split, chance)
        if members is not None:
            return members
    raise RuntimeError(f"no family {number} for seed {seed} in split {split}")


def _siblings(base: Scene, split: str, chance: random.Random) -> tuple[Member, ...] | None:
    """The family of `base`, or None if a factor that could vary has no sibling in this split."""
    twin = replace(base, place=_twin(base.place)) if chance.random() < TWIN_PLACE else None
    if twin is not None and split_of(twin) != split:
        return None
    found: dict[str, list[Scene]] = {}
    for factor in FACTORS:
        every = list(variants(base, factor))
        found[factor] = [scene for scene in every if split_of(scene) == split]
        chance.shuffle(found[factor])
        if every and not found[factor]:
            return None
    if twin is not None:
        found["context"].remove(twin)
        found["context"].append(twin)
    members = [Member("base", base), Member("nearduplicate", base)]
    spare = ["context", "count", "attribute", "object"]
    chance.shuffle(spare)
    for slot in FACTORS:
        factor = slot
        if not found[slot]:
            more = [name for name in spare if len(found[name]) > 1]
            if not more:
                return None
            factor = more[0]
            spare.remove(factor)
        members.append(Member(factor, found[factor].pop()))
    return tuple(members) if len({member.scene for member in members}) == len(members) - 1 else None


def _twin(place: str) -> str:
    """The same place with or without its landmark."""
    return LANDMARKS[place] if place in LANDMARKS else MARKED[place]


def _theme(chance: random.Random) -> tuple[str, tuple[str, ...], str | None]:
    """Place, kinds and relation of a base: mostly somebody beside something, now and then one group or two things."""
    setting, shape = chance.choice(SETTINGS), chance.random()
    place = MARKED[setting] if chance.random() < WITH_LANDMARK else setting
    actors, things = ([name for name in names if setting in KINDS[name].places] for names in (ACTORS, THINGS))
    if shape < 0.10:
        return place, (chance.choice(actors),), None
    while True:
        first, second = chance.choice(actors if shape < 0.90 else things), chance.choice(things)
        if ORDER[first] < ORDER[second]:
            relation = chance.choice(KINDS[second].relations)
            return place, ("bird" if relation == "above" else first, second), relation


def _random_group(chance: random.Random, name: str) -> Group:
    kind = KINDS[name]
    count = min(chance.choice((1, 1, 1, 2, 2, 3, 4)), kind.most)
    return Group(name, chance.choice(kind.colours), count, chance.choice(kind.actions) if kind.actions else None)
