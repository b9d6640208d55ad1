"""What may stand in a scene: kinds with their COCO category, and the colours, actions, places, relations of each."""

from __future__ import annotations

from dataclasses import dataclass

INDOORS = ("kitchen", "living room")
OUTDOORS = ("park", "street", "beach", "snow", "lake")
SETTINGS = INDOORS + OUTDOORS
# A place that a landmark in the background tells from the plain one: whoever is at the playground is in the park, too.
LANDMARKS = {
    "playground": "park",
    "market": "street",
    "lighthouse": "beach",
    "cabin": "snow",
    "campsite": "lake",
    "fireplace": "living room",
    "fridge": "kitchen",
}
MARKED = {setting: landmark for landmark, setting in LANDMARKS.items()}
PLACES = (*SETTINGS, *LANDMARKS)


def setting_of(place: str) -> str:
    """The plain place that `place` is, or is a special one of."""
    return LANDMARKS.get(place, place)


def broader(place: str) -> tuple[str, ...]:
    """Everything that may be said of where `place` is, from the most to the least precise."""
    setting = setting_of(place)
    around = "indoors" if setting in INDOORS else "outdoors"
    return (place, around) if setting == place else (place, setting, around)


PAINTS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white")
COLOURS = (*PAINTS, "black", "brown", "grey")

SIDES = ("left of", "right of")
DEPTHS = ("in front of", "behind")
RELATIONS = (*SIDES, *DEPTHS, "on", "under", "above")
INVERSE = {
    "left of": "right of",
    "right of": "left of",
    "in front of": "behind",
    "behind": "in front of",
    "on": "under",
    "under": "above",
    "above": "under",
}


@dataclass(frozen=True)
class Kind:
    """One kind of thing. `actions` is empty for what cannot act; `places` are settings; `relations` are those
    another group may have to it."""

    name: str
    category_id: int
    category: str
    supercategory: str
    colours: tuple[str, ...]
    places: tuple[str, ...]
    most: int = 4
    actions: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()

    @property
    def vague(self) -> str | None:
        """The broader word that a caption may use instead, or None."""
        return {"animal": "animal", "vehicle": "vehicle"}.get(self.supercategory)


_FUR = ("orange", "black", "white", "brown", "grey")
_BEAST = ("sitting", "sleeping", "running", "jumping", "eating")
_ON_WHEELS = ("street", "park", "beach", "snow")
_GROUND = (*SIDES, *DEPTHS)

KINDS = {
    kind.name: kind
    for kind in (
        Kind("person", 1, "person", "person", PAINTS[:7], SETTINGS, actions=_BEAST),
        Kind("cat", 17, "cat", "animal", _FUR, SETTINGS, actions=_BEAST),
        Kind("dog", 18, "dog", "animal", _FUR, SETTINGS, actions=_BEAST),
        Kind("horse", 19, "horse", "animal", _FUR[1:], OUTDOORS, 3, ("sleeping", "running", "jumping", "eating")),
        Kind(
            "bird",
            16,
            "bird",
            "animal",
            (*PAINTS[:6], "white", "black"),
            SETTINGS,
            actions=("flying", "sitting", "sleeping", "eating"),
        ),
        Kind("car", 3, "car", "vehicle", PAINTS, _ON_WHEELS, 3, relations=(*_GROUND, "on", "above")),
        Kind("bicycle", 2, "bicycle", "vehicle", PAINTS, _ON_WHEELS, 3, relations=(*_GROUND, "above")),
        Kind("boat", 9, "boat", "vehicle", PAINTS, ("beach", "lake"), 3, relations=(*_GROUND, "on", "above")),
        Kind("bench", 15, "bench", "outdoor", PAINTS, OUTDOORS, 2, relations=(*_GROUND, "on", "above")),
        Kind("umbrella", 28, "umbrella", "accessory", PAINTS, SETTINGS, 3, relations=(*SIDES, "in front of", "under")),
        Kind("ball", 37, "sports ball", "sports", PAINTS, SETTINGS, relations=_GROUND),
        Kind("kite", 38, "kite", "sports", PAINTS, OUTDOORS, relations=(*SIDES, "under")),
        Kind("cup", 47, "cup", "kitchen", PAINTS, ("kitchen", "living room", "park"), relations=_GROUND),
        Kind(
            "chair",
            62,
            "chair",
            "furniture",
            PAINTS,
            (*INDOORS, "park", "beach", "lake"),
            3,
            relations=(*_GROUND, "on", "above"),
        ),
        Kind("plant", 64, "potted plant", "furniture", PAINTS, (*INDOORS, "street", "park"), relations=_GROUND),
    )
}
ACTORS = tuple(name for name, kind in KINDS.items() if kind.actions)
THINGS = tuple(name for name, kind in KINDS.items() if not kind.actions)
ORDER = {name: number for number, name in enumerate(KINDS)}
