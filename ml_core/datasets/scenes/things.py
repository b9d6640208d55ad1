"""Sketches of things that do not act: one unit high, the foot at the origin; and where others may sit on them."""

from __future__ import annotations

from collections.abc import Callable

from ml_core.datasets.scenes.canvas import Sketch, smooth
from ml_core.datasets.scenes.palette import CREAM, INK, WOOD, Colour, darker, lighter, mix

GLASS: Colour = (190, 222, 236)
TYRE: Colour = (56, 56, 64)
METAL: Colour = (176, 180, 190)
# For what others can be on: height of the surface, and its left and right end.
SURFACES: dict[str, tuple[float, float, float]] = {
    "car": (0.94, -0.5, 0.32),
    "boat": (0.30, -0.42, 0.46),
    "bench": (0.46, -0.88, 0.88),
    "chair": (0.46, -0.28, 0.28),
}


def car(colour: Colour) -> Sketch:
    """A small family car from the side."""
    s = Sketch()
    s.blob([(-0.72, 0.5), (-0.56, 0.86), (-0.2, 0.98), (0.2, 0.95), (0.5, 0.6), (0.45, 0.4), (-0.7, 0.4)], colour)
    body = [(-1.02, 0.28), (-1.03, 0.5), (-0.9, 0.6), (-0.4, 0.6), (0.48, 0.6), (0.9, 0.52), (1.04, 0.38), (1.02, 0.18)]
    s.blob([*body, (0.5, 0.13), (-0.6, 0.13)], colour)
    plain = {"outlined": False, "soft": 0.7}
    s.blob([(-0.55, 0.6), (-0.46, 0.8), (-0.18, 0.88), (-0.13, 0.86), (-0.13, 0.6)], GLASS, **plain)
    s.blob([(-0.04, 0.6), (-0.04, 0.86), (0.16, 0.86), (0.37, 0.6)], GLASS, **plain)
    s.limb([(-0.085, 0.56), (-0.085, 0.26)], 0.018, darker(colour, 0.3), outlined=False)
    s.limb([(-0.02, 0.5), (0.07, 0.5)], 0.03, darker(colour, 0.35), outlined=False)
    s.limb([(-0.9, 0.24), (0.92, 0.24)], 0.035, darker(colour, 0.25), outlined=False)
    for x in (-0.58, 0.56):
        s.ellipse(x, 0.2, 0.215, 0.2, TYRE)
        s.ellipse(x, 0.2, 0.11, 0.105, METAL, outlined=False)
        s.dot(x, 0.2, 0.035, TYRE)
    s.ellipse(0.95, 0.42, 0.05, 0.07, (255, 236, 160), outlined=False)
    s.ellipse(-0.99, 0.45, 0.03, 0.06, (226, 84, 76), outlined=False)
    return s


def bicycle(colour: Colour) -> Sketch:
    """A bicycle from the side, its frame and mudguards in its colour."""
    s = Sketch()
    hubs = ((-0.5, 0.33), (0.52, 0.33))
    for x, y in hubs:
        ring = Sketch()
        ring.ellipse(0, 0, 0.30, 0.30, TYRE)
        circle = (*ring.shapes[0].points, ring.shapes[0].points[0])
        for k in range(4):
            a, b = ring.shapes[0].points[k * 4], ring.shapes[0].points[k * 4 + 16]
            s.limb([(x + a[0], y + a[1]), (x + b[0], y + b[1])], 0.014, METAL, outlined=False)
        s.limb([(x + a, y + b) for a, b in circle], 0.07, TYRE)
        s.limb([(x + a * 1.2, y + b * 1.2) for a, b in ring.shapes[0].points[3:14]], 0.06, colour)
        s.dot(x, y, 0.05, METAL)
    seat, crank, head = (-0.17, 0.74), (-0.03, 0.3), (0.36, 0.76)
    for stroke in ([hubs[0], crank, head], [hubs[0], (-0.15, 0.66), (0.35, 0.68)], [seat, crank], [hubs[1], head]):
        s.limb(stroke, 0.085, colour)
    s.limb([head, (0.33, 0.93), (0.20, 0.97)], 0.055, darker(METAL, 0.25))
    s.limb([(0.19, 0.97), (0.12, 0.95)], 0.08, INK)
    s.blob([(-0.34, 0.77), (-0.2, 0.83), (-0.03, 0.79), (-0.15, 0.74)], INK)
    s.dot(*crank, 0.075, METAL)
    s.limb([crank, (0.05, 0.17), (0.12, 0.17)], 0.04, TYRE, outlined=False)
    return s


def boat(colour: Colour) -> Sketch:
    """A sailing boat in a patch of water, hull and main sail in its colour."""
    s = Sketch()
    loose = {"outlined": False, "counts": False}
    s.ellipse(0, 0.05, 0.78, 0.11, (120, 186, 214), soft=0.5, **loose)
    s.ellipse(0, 0.06, 0.66, 0.08, (150, 205, 226), soft=0.3, **loose)
    s.limb([(0.02, 0.3), (0.02, 0.99)], 0.035, WOOD)
    s.blob([(0.06, 0.38), (0.06, 0.97), (0.34, 0.62), (0.5, 0.36), (0.3, 0.35)], lighter(colour, 0.1))
    s.polygon([(-0.03, 0.4), (-0.03, 0.9), (-0.36, 0.42)], CREAM)
    s.polygon([(0.02, 0.99), (0.02, 0.92), (-0.12, 0.955)], colour)
    s.polygon([(-0.62, 0.32), (0.66, 0.32), (0.54, 0.16), (0.4, 0.05), (-0.4, 0.05), (-0.54, 0.16)], colour)
    s.polygon([(-0.62, 0.32), (0.66, 0.32), (0.625, 0.26), (-0.59, 0.26)], lighter(colour, 0.55), outlined=False)
    for x in (-0.45, -0.1, 0.25):
        s.limb([(x, 0.03), (x + 0.1, 0.05), (x + 0.2, 0.03)], 0.022, (240, 250, 252), **loose)
    return s


def bench(colour: Colour) -> Sketch:
    """A park bench from the front, its planks in its colour."""
    s = Sketch()
    iron = (84, 84, 94)
    for x in (-0.74, 0.74):
        s.limb([(x, 0.04), (x, 0.98)], 0.07, iron)
        s.limb([(x - 0.07, 0.03), (x + 0.07, 0.03)], 0.06, iron)
    for y in (0.64, 0.84):
        s.polygon([(-0.94, y), (0.94, y), (0.94, y + 0.15), (-0.94, y + 0.15)], colour)
    s.polygon([(-0.9, 0.5), (0.9, 0.5), (1.0, 0.36), (-1.0, 0.36)], lighter(colour, 0.12))
    s.polygon([(-1.0, 0.36), (1.0, 0.36), (1.0, 0.28), (-1.0, 0.28)], darker(colour, 0.18))
    return s


def umbrella(colour: Colour) -> Sketch:
    """A big open umbrella standing on its pole."""
    s = Sketch()
    s.limb([(0, 0.02), (0, 0.95)], 0.035, (236, 226, 206))
    s.limb([(-0.12, 0.015), (0.12, 0.015)], 0.03, METAL)
    rib = [(-0.56, 0.56), (-0.3, 0.6), (-0.09, 0.575), (0.09, 0.575), (0.3, 0.6), (0.56, 0.56)]
    half = [(-0.56, 0.56), (-0.54, 0.66), (-0.48, 0.76), (-0.38, 0.85), (-0.25, 0.915), (-0.12, 0.953), (0, 0.965)]
    dome = [*half, *((-x, y) for x, y in reversed(half[:-1]))]
    s.polygon([*dome, *reversed(rib)], colour)
    panel = {"outlined": False, "soft": 0.5}
    s.polygon(
        [(0, 0.965), (-0.2, 0.86), (-0.36, 0.72), (-0.43, 0.59), (-0.3, 0.6), (-0.22, 0.59), (-0.14, 0.77)],
        lighter(colour, 0.45),
        **panel,
    )
    s.polygon(
        [(0, 0.965), (0.2, 0.86), (0.36, 0.72), (0.43, 0.59), (0.3, 0.6), (0.22, 0.59), (0.14, 0.77)],
        lighter(colour, 0.45),
        **panel,
    )
    s.limb([(0, 0.965), (0, 0.99)], 0.028, darker(colour, 0.4), outlined=False)
    return s


def ball(colour: Colour) -> Sketch:
    """A ball with two seams and a stripe."""
    s = Sketch()
    s.ellipse(0, 0.5, 0.5, 0.5, colour, soft=1.3)
    s.blob(
        [
            (-0.46, 0.62),
            (-0.2, 0.74),
            (0.15, 0.76),
            (0.46, 0.68),
            (0.49, 0.5),
            (0.2, 0.57),
            (-0.15, 0.55),
            (-0.48, 0.42),
        ],
        lighter(colour, 0.6),
        outlined=False,
        soft=0.8,
    )
    s.ellipse(-0.2, 0.8, 0.13, 0.07, lighter(colour, 0.75), 30, outlined=False, soft=0)
    return s


def kite(colour: Colour) -> Sketch:
    """A kite with its tail."""
    s = Sketch()
    top, right, low, left, middle = (0.06, 1.0), (0.34, 0.72), (-0.02, 0.34), (-0.3, 0.74), (0.03, 0.73)
    tail = [(-0.02, 0.34), (0.06, 0.24), (-0.04, 0.14), (0.05, 0.02)]
    s.limb(tail, 0.022, darker(colour, 0.3), outlined=False)
    for x, y in tail[1:]:
        s.polygon([(x, y), (x - 0.08, y + 0.05), (x - 0.08, y - 0.05)], lighter(colour, 0.3))
        s.polygon([(x, y), (x + 0.08, y + 0.05), (x + 0.08, y - 0.05)], colour)
    s.polygon([top, right, low, left], colour)
    s.polygon([top, right, middle], lighter(colour, 0.32), outlined=False, soft=0.6)
    s.polygon([low, left, middle], darker(colour, 0.16), outlined=False, soft=0.6)
    s.limb([top, low], 0.014, darker(colour, 0.4), outlined=False)
    s.limb([left, right], 0.014, darker(colour, 0.4), outlined=False)
    return s


def cup(colour: Colour) -> Sketch:
    """A mug of something hot on its saucer."""
    s = Sketch()
    s.ellipse(0, 0.07, 0.56, 0.09, lighter(colour, 0.5))
    ring = smooth([(0.2, 0.64), (0.44, 0.66), (0.58, 0.56), (0.58, 0.4), (0.46, 0.28), (0.2, 0.28)])
    s.limb([*ring, ring[0]], 0.1, darker(colour, 0.08))
    s.polygon(
        [
            (-0.4, 0.76),
            (0.4, 0.76),
            (0.37, 0.3),
            (0.28, 0.12),
            (0.15, 0.07),
            (-0.15, 0.07),
            (-0.28, 0.12),
            (-0.37, 0.3),
        ],
        colour,
    )
    s.ellipse(0, 0.76, 0.4, 0.085, lighter(colour, 0.4))
    s.ellipse(0, 0.75, 0.33, 0.06, (112, 72, 50), outlined=False)
    for x in (-0.12, 0.1):
        steam = [(x, 0.88), (x + 0.06, 0.96), (x - 0.02, 1.05), (x + 0.05, 1.14)]
        s.limb(steam, 0.04, (250, 250, 250), outlined=False, counts=False)
    return s


def chair(colour: Colour) -> Sketch:
    """A chair from the front, a little from above."""
    s = Sketch()
    for x, foot in ((-0.25, 0.1), (0.25, 0.1)):
        s.limb([(x, 0.45), (x, foot)], 0.06, darker(WOOD, 0.25))
    for x in (-0.27, 0.27):
        s.limb([(x, 0.5), (x * 0.96, 0.95)], 0.075, WOOD)
    s.blob([(-0.3, 0.98), (0.3, 0.98), (0.28, 0.66), (-0.28, 0.66)], colour)
    for x in (-0.31, 0.31):
        s.limb([(x, 0.4), (x * 1.02, 0.03)], 0.075, WOOD)
    s.blob([(-0.3, 0.53), (0.3, 0.53), (0.39, 0.4), (0.34, 0.35), (-0.34, 0.35), (-0.39, 0.4)], lighter(colour, 0.08))
    return s


def plant(colour: Colour) -> Sketch:
    """A leafy plant in a pot of its colour."""
    s = Sketch()
    leaves = ((-48, 0.52, 0), (50, 0.5, 1), (-80, 0.4, 1), (82, 0.4, 0), (-24, 0.6, 1), (27, 0.58, 0), (0, 0.6, 0))
    for angle, length, shade in leaves:
        leaf = Sketch()
        green = ((66, 132, 84), (88, 156, 98))[shade]
        leaf.blob([(0, 0), (-0.095, length * 0.55), (0, length), (0.095, length * 0.55)], green)
        leaf.limb([(0, 0.04), (0, length * 0.8)], 0.012, darker(green, 0.25), outlined=False)
        s.add(leaf, 0, 0.4, 1, -angle)
    s.polygon([(-0.25, 0.4), (0.25, 0.4), (0.19, 0.02), (-0.19, 0.02)], colour)
    s.polygon([(-0.3, 0.45), (0.3, 0.45), (0.28, 0.34), (-0.28, 0.34)], mix(colour, CREAM, 0.18))
    return s


DRAWN: dict[str, Callable[[Colour], Sketch]] = {
    "car": car,
    "bicycle": bicycle,
    "boat": boat,
    "bench": bench,
    "umbrella": umbrella,
    "ball": ball,
    "kite": kite,
    "cup": cup,
    "chair": chair,
    "plant": plant,
}
