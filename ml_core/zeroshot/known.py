"""Published data sets that a folder can be checked against: how many classes, what they are called, what all of it is.

Hints, not the sets themselves: get them from who publishes them and lay them out as one folder a class (or a CSV of
file, label and display name).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_core.spec import BadInput


@dataclass(frozen=True)
class Known:
    """`names` are the classes as they are published; empty where the publication does not list them. `accuracy` are the
    published figures in percent: plain, CoRE (None: not told) and SynCE. `called` names classes whose folders are bare
    numbers, as CLIP's own prompts for the set do."""

    title: str
    domain: str
    classes: int
    layout: str
    accuracy: tuple[float, float | None, float]
    names: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def published(self) -> str:
        """The published figures in words."""
        plain, core, synce = (None if value is None else f"{value:.2f}" for value in self.accuracy)
        beside = "" if core is None else f", CoRE {core}"
        return f"Published for {self.title}, accuracy in percent: plain {plain}{beside}, SynCE {synce}."


KNOWN = {
    "military-vehicles": Known(
        "Military-Vehicles",
        "military vehicle",
        18,
        "18 folders, one a type of vehicle, named as the type",
        (75.53, 74.51, 76.44),
    ),
    "patch-camelyon": Known(
        "Patch-Camelyon",
        "histopathology image of lymph node tissue",
        2,
        "2 folders, 0 (without tumour) and 1 (with), or any two with display names in classes.json",
        (69.74, None, 78.18),
        called={"0": "lymph node", "1": "lymph node containing metastatic tumor tissue"},
    ),
    "parasitic-egg": Known(
        "Parasitic Egg",
        "microscopy image of a parasitic egg",
        11,
        "11 folders, one a species",
        (12.72, 15.14, 16.89),
        (
            "Ascaris lumbricoides",
            "Capillaria philippinensis",
            "Enterobius vermicularis",
            "Fasciolopsis buski",
            "Hookworm egg",
            "Hymenolepis diminuta",
            "Hymenolepis nana",
            "Opisthorchis viverrine",
            "Paragonimus spp",
            "Taenia spp. egg",
            "Trichuris trichiura",
        ),
    ),
}


def called(key: str, names: Sequence[str]) -> list[str]:
    """What the classes of a published set are called where its folders, and nothing else, are bare numbers; else the
    names as they are."""
    found = KNOWN[key].called
    return [found[name] for name in names] if set(names) == set(found) else list(names)


def other_names(names: Sequence[str]) -> dict[str, str]:
    """By what other name captions may tell of a class: the number for its name, or the name for its number."""
    for one in KNOWN.values():
        back = {name: folder for folder, name in one.called.items()}
        for pairs in (one.called, back):
            if pairs and set(names) == set(pairs.values()):
                return dict(pairs)
    return {}


def check(key: str, names: list[str]) -> tuple[Known, list[str]]:
    """The published set and what is odd about these classes beside it; BadInput (field "expects") where their number
    differs."""
    known = KNOWN[key]
    if len(names) != known.classes:
        raise BadInput(
            f"{known.title} has {known.classes} classes ({known.layout}); this data set has {len(names)}: "
            f"{', '.join(names[:20])}. Name the folder that holds all of them, or leave “expects” empty",
            field="expects",
        )
    there, wanted = {_plain(name) for name in names}, {_plain(name) for name in known.names}
    strange = [name for name in names if wanted and _plain(name) not in wanted]
    missing = [name for name in known.names if _plain(name) not in there]
    if not strange and not missing:
        return known, []
    return known, [
        f"{known.title} calls {len(strange)} of these classes otherwise: {', '.join(strange)} stand for "
        f"{', '.join(missing)}. Prompts use the names as they stand here (display names go into classes.json)."
    ]


def _plain(name: str) -> str:
    return "".join(sign for sign in name.casefold() if sign.isalnum())
