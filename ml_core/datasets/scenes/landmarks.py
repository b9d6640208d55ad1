"""Sketches of what makes a place a special one (a lighthouse on the beach), and where it stands in the background."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ml_core.datasets.scenes.canvas import Canvas, Extent, Sketch
from ml_core.datasets.scenes.palette import CREAM, Colour, darker, lighter

STONE: Colour = (176, 172, 170)
TIMBER: Colour = (170, 128, 98)
CORAL: Colour = (222, 128, 112)
SPOTS = (0.14, 0.37, 0.63, 0.86)
PLAIN = {"outlined": False, "soft": 0.5}


def _block(s: Sketch, x: float, y: float, width: float, height: float, colour: Colour, soft: float = 0.5) -> None:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    s.polygon(corners, colour, outlined=False, soft=soft)


def _playground() -> Sketch:
    s = Sketch()
    for x in (-0.62, -0.1):
        s.limb([(x - 0.1, 0), (x, 0.8), (x + 0.1, 0)], 0.05, TIMBER, outlined=False)
    s.limb([(-0.66, 0.8), (-0.06, 0.8)], 0.05, TIMBER, outlined=False)
    for x in (-0.46, -0.26):
        s.limb([(x - 0.05, 0.8), (x - 0.05, 0.3)], 0.02, STONE, outlined=False)
    s.limb([(-0.56, 0.29), (-0.26, 0.29)], 0.06, CORAL, outlined=False)
    for x in (0.2, 0.36):
        s.limb([(x, 0), (x, 0.95)], 0.05, TIMBER, outlined=False)
    s.polygon([(0.12, 0.92), (0.28, 1.12), (0.44, 0.92)], CORAL, **PLAIN)
    s.polygon(
        [(0.36, 0.6), (0.36, 0.48), (0.78, 0.02), (0.95, 0.02), (0.95, 0.09), (0.84, 0.1)], (120, 172, 190), **PLAIN
    )
    return s


def _market() -> Sketch:
    s = Sketch()
    for x in (-0.5, 0.5):
        s.limb([(x, 0), (x, 0.8)], 0.045, TIMBER, outlined=False)
    _block(s, -0.55, 0.0, 1.1, 0.34, TIMBER)
    for k, fruit in enumerate(((222, 120, 100), (240, 196, 104), (140, 180, 110), (224, 150, 96), (222, 120, 100))):
        s.dot(-0.42 + 0.21 * k, 0.38, 0.075, fruit)
    for k in range(6):
        left = -0.6 + 0.2 * k
        tint = CORAL if k % 2 else CREAM
        s.polygon([(left, 0.74), (left + 0.2, 0.74), (left * 0.85 + 0.17, 1.0), (left * 0.85, 1.0)], tint, **PLAIN)
        s.ellipse(left + 0.1, 0.74, 0.1, 0.06, tint, **PLAIN)
    return s


def _lighthouse() -> Sketch:
    s = Sketch()
    s.blob([(-0.4, -0.02), (-0.2, 0.1), (0.25, 0.09), (0.42, -0.02), (0.0, -0.06)], (146, 150, 146), **PLAIN)
    for k in range(5):
        low, high = 0.06 + 0.14 * k, 0.06 + 0.14 * (k + 1)
        wide, narrow = 0.17 - 0.018 * k, 0.17 - 0.018 * (k + 1)
        s.polygon([(-wide, low), (wide, low), (narrow, high), (-narrow, high)], CORAL if k % 2 else CREAM, **PLAIN)
    _block(s, -0.12, 0.75, 0.24, 0.03, darker(STONE, 0.3))
    _block(s, -0.065, 0.78, 0.13, 0.1, (255, 236, 160), 0)
    s.polygon([(-0.1, 0.88), (0, 1.0), (0.1, 0.88)], CORAL, **PLAIN)
    return s


def _cabin() -> Sketch:
    s = Sketch()
    _block(s, 0.22, 0.7, 0.13, 0.34, darker(TIMBER, 0.3))
    _block(s, -0.5, 0.0, 1.0, 0.52, TIMBER)
    for y in (0.13, 0.26, 0.39):
        s.limb([(-0.5, y), (0.5, y)], 0.018, darker(TIMBER, 0.18), outlined=False)
    s.polygon([(-0.5, 0.5), (0.0, 0.94), (0.5, 0.5)], TIMBER, **PLAIN)
    s.polygon(
        [(-0.66, 0.44), (0.0, 1.03), (0.66, 0.44), (0.54, 0.4), (0.0, 0.86), (-0.54, 0.4)], (250, 252, 254), **PLAIN
    )
    _block(s, -0.34, 0.16, 0.24, 0.22, (255, 224, 140), 0)
    s.limb([(-0.22, 0.16), (-0.22, 0.38)], 0.025, darker(TIMBER, 0.25), outlined=False)
    _block(s, 0.1, 0.0, 0.2, 0.36, darker(TIMBER, 0.35))
    return s


def _tent() -> Sketch:
    s = Sketch()
    cloth = (232, 168, 104)
    s.polygon([(-0.75, 0.0), (-0.1, 0.95), (0.75, 0.0)], cloth, **PLAIN)
    s.polygon([(-0.1, 0.95), (0.75, 0.0), (1.0, 0.08), (0.3, 0.98)], darker(cloth, 0.18), **PLAIN)
    s.polygon([(-0.12, 0.78), (-0.36, 0.0), (0.16, 0.0)], (92, 82, 84), **PLAIN)
    s.polygon([(-0.12, 0.78), (0.16, 0.0), (0.34, 0.0)], lighter(cloth, 0.4), **PLAIN)
    s.limb([(-0.1, 0.93), (-0.1, 1.04)], 0.03, TIMBER, outlined=False)
    return s


def _fireplace() -> Sketch:
    s = Sketch()
    brick = (188, 124, 104)
    _block(s, -0.3, 0.7, 0.6, 0.62, lighter(brick, 0.2))
    _block(s, -0.5, 0.0, 1.0, 0.74, brick)
    for row in range(5):
        for k in range(5):
            left = -0.48 + 0.2 * k + (0.1 if row % 2 else 0.0)
            if left + 0.16 <= 0.5:
                _block(s, left, 0.03 + 0.14 * row, 0.16, 0.09, lighter(brick, 0.12), 0)
    _block(s, -0.3, 0.0, 0.6, 0.5, (66, 54, 58))
    for x, height, tint in ((-0.1, 0.3, (240, 140, 60)), (0.1, 0.26, (240, 140, 60)), (0.0, 0.24, (255, 214, 100))):
        s.blob(
            [(x - 0.12, 0.06), (x - 0.08, height * 0.6), (x, height + 0.1), (x + 0.08, height * 0.6), (x + 0.12, 0.06)],
            tint,
            **PLAIN,
        )
    s.limb([(-0.2, 0.05), (0.2, 0.05)], 0.07, darker(TIMBER, 0.3), outlined=False)
    _block(s, -0.58, 0.72, 1.16, 0.09, darker(TIMBER, 0.1))
    return s


def _fridge() -> Sketch:
    s = Sketch()
    steel = (196, 206, 214)
    _block(s, -0.21, 0.0, 0.42, 1.0, darker(steel, 0.25), 0)
    _block(s, -0.2, 0.03, 0.4, 0.56, steel, 1.0)
    _block(s, -0.2, 0.61, 0.4, 0.37, lighter(steel, 0.15), 1.0)
    for low, high in ((0.36, 0.54), (0.65, 0.8)):
        s.limb([(-0.14, low), (-0.14, high)], 0.028, darker(steel, 0.45), outlined=False)
    for x, y, tint in ((0.02, 0.84, CORAL), (0.1, 0.78, (250, 222, 120)), (0.04, 0.72, (130, 180, 150))):
        _block(s, x, y, 0.06, 0.055, tint, 0)
    return s


# Each with the height of its foot, and its size.
_LANDMARKS: dict[str, tuple[Callable[[], Sketch], float, float]] = {
    "playground": (_playground, 0.425, 0.20),
    "market": (_market, 0.385, 0.22),
    "lighthouse": (_lighthouse, 0.545, 0.30),
    "cabin": (_cabin, 0.385, 0.19),
    "campsite": (_tent, 0.36, 0.16),
    "fireplace": (_fireplace, 0.365, 0.30),
    "fridge": (_fridge, 0.345, 0.50),
}


def put_landmark(canvas: Canvas, place: str, figures: Sequence[Extent], first: int) -> None:
    """Draws what marks `place`, if anything does, at the spot (tried from number `first`) that figures cover least."""
    if place not in _LANDMARKS:
        return
    sketch, (left, bottom, right, top) = _sketch(place)
    _, foot, size = _LANDMARKS[place]

    def covered(x: float) -> float:
        own = (x + size * left, foot + size * bottom, x + size * right, foot + size * top)
        return sum(_overlap(own, figure) for figure in figures)

    spots = [SPOTS[(first + k) % len(SPOTS)] for k in range(len(SPOTS))]
    canvas.stamp(sketch, min(spots, key=covered), foot, size)


@lru_cache
def _sketch(place: str) -> tuple[Sketch, Extent]:
    sketch = _LANDMARKS[place][0]()
    return sketch, sketch.extent()


def _overlap(one: Extent, other: Extent) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)
