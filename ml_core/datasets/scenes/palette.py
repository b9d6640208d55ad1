"""The colours of drawn scenes, and how to mix them."""

from __future__ import annotations

Colour = tuple[int, int, int]

PAINT: dict[str, Colour] = {
    "red": (217, 61, 62),
    "orange": (240, 136, 44),
    "yellow": (250, 205, 62),
    "green": (62, 158, 92),
    "blue": (50, 112, 204),
    "purple": (134, 82, 178),
    "pink": (244, 138, 178),
    "white": (248, 247, 243),
    "black": (58, 56, 66),
    "brown": (138, 90, 58),
    "grey": (146, 150, 160),
}
INK: Colour = (48, 42, 62)
CREAM: Colour = (255, 248, 232)
WOOD: Colour = (176, 126, 82)
SKIN: tuple[Colour, ...] = ((247, 208, 178), (232, 182, 144), (190, 132, 96), (134, 90, 66))
HAIR: tuple[Colour, ...] = ((70, 48, 40), (38, 34, 42), (150, 98, 52), (104, 62, 40))
TROUSERS: Colour = (82, 84, 104)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with `share` (0 to 1) of `other`."""
    r, g, b = (round(a + (c - a) * share) for a, c in zip(one, other, strict=True))
    return r, g, b


def lighter(colour: Colour, share: float = 0.25) -> Colour:
    """`colour` towards warm white."""
    return mix(colour, (255, 252, 244), share)


def darker(colour: Colour, share: float = 0.2) -> Colour:
    """`colour` towards cool ink, so that shades stay lively."""
    return mix(colour, INK, share)
