"""Draws the places: backgrounds in soft colours, so that what stands before them reads well."""

from __future__ import annotations

import random
from collections.abc import Callable

from ml_core.datasets.scenes.canvas import Canvas, Sketch, smooth
from ml_core.datasets.scenes.palette import Colour, darker, lighter, mix

FLAT = {"outlined": False, "soft": 0.0}
SOFT = {"outlined": False, "soft": 0.5}
WIDE = 1.16  # backgrounds are drawn wider than the picture and cropped, so that siblings are not pixel twins


# Morning, noon and evening: what the sky is mixed with, most at the horizon.
_MOODS: tuple[tuple[Colour, float], ...] = (((255, 255, 255), 0.0), ((255, 214, 176), 0.6), ((250, 206, 216), 0.5))


def paint(canvas: Canvas, place: str, chance: random.Random) -> None:
    """Covers `canvas` (WIDE times as wide as high) with a view of `place`; `chance` picks its details."""
    _PAINTERS[place](canvas, chance)


def _sky(canvas: Canvas, chance: random.Random, horizon: float, high: Colour, low: Colour) -> None:
    tint, share = chance.choice(_MOODS)
    canvas.fade(horizon, 1.0, mix(low, tint, share), mix(high, tint, share * 0.45))
    x = chance.uniform(0.15, 1.0)
    canvas.glow(x, 0.86, 0.24, 0.24, (255, 246, 214), 0.75)
    s = Sketch()
    s.dot(x, 0.86, 0.045, (255, 240, 196))
    for _ in range(chance.choice((2, 3))):
        _cloud(s, chance.uniform(0.0, WIDE), chance.uniform(0.7, 0.94), chance.uniform(0.06, 0.11))
    canvas.stamp(s)


def _cloud(s: Sketch, x: float, y: float, r: float) -> None:
    for dx, dy, part in ((-0.9, 0, 0.5), (0.95, 0, 0.45), (-0.3, 0.25, 0.62), (0.4, 0.16, 0.55)):
        s.ellipse(x + dx * r, y + dy * r, part * r, part * r * 0.8, (252, 252, 252), **FLAT)
    s.capsule((x - r, y - 0.22 * r), (x + r, y - 0.22 * r), 0.22 * r, 0.22 * r, (252, 252, 252), **FLAT)


def _hills(s: Sketch, chance: random.Random, base: float, height: float, colour: Colour) -> None:
    steps = 5
    tops = [(-0.1 + 1.4 * k / steps, base + height * chance.uniform(0.35, 1.0)) for k in range(steps + 1)]
    s.blob([(-0.3, base - 0.2), *tops, (1.5, base - 0.2)], colour, **SOFT)


def _park(canvas: Canvas, chance: random.Random) -> None:
    _sky(canvas, chance, 0.4, (150, 206, 240), (228, 243, 244))
    s = Sketch()
    _hills(s, chance, 0.46, 0.14, (176, 214, 176))
    _hills(s, chance, 0.42, 0.10, (150, 200, 150))
    canvas.stamp(s)
    canvas.fade(0.0, 0.46, (134, 190, 100), (172, 216, 128))
    s = Sketch()
    bend = chance.uniform(0.3, 0.85)
    path = [(bend, 0.46), (bend + 0.05, 0.46), (bend + 0.02, 0.3), (bend - 0.1, 0.12), (bend - 0.12, -0.1)]
    s.blob([*path, (bend - 0.5, -0.1), (bend - 0.25, 0.12), (bend - 0.03, 0.3)], (232, 220, 182), **FLAT)
    spots = sorted(chance.uniform(0.0, WIDE) for _ in range(4))
    for x in spots:
        _tree(s, x, 0.44 + chance.uniform(-0.01, 0.02), chance.uniform(0.2, 0.32), chance)
    for _ in range(26):
        x, y = chance.uniform(0, WIDE), chance.uniform(0.0, 0.38)
        if chance.random() < 0.3:
            s.dot(x, y, 0.008, chance.choice(((255, 250, 236), (252, 226, 150), (240, 190, 200))))
        else:
            s.limb([(x - 0.008, y + 0.018), (x, y), (x + 0.009, y + 0.02)], 0.004, (112, 170, 86), **FLAT)
    canvas.stamp(s)


def _tree(s: Sketch, x: float, y: float, height: float, chance: random.Random) -> None:
    green = chance.choice(((118, 176, 116), (134, 188, 118), (104, 164, 118)))
    s.capsule((x, y), (x, y + height * 0.5), height * 0.05, height * 0.04, (166, 132, 104), **SOFT)
    for dx, dy, r in ((-0.17, 0.6, 0.2), (0.17, 0.58, 0.21), (0.0, 0.76, 0.25)):
        s.ellipse(x + dx * height, y + dy * height, r * height, r * height, green, **SOFT)


def _street(canvas: Canvas, chance: random.Random) -> None:
    _sky(canvas, chance, 0.4, (168, 208, 234), (240, 240, 232))
    s = Sketch()
    x = -0.05
    tints = [(228, 196, 176), (206, 210, 190), (226, 212, 176), (188, 202, 216), (216, 190, 200), (200, 196, 190)]
    chance.shuffle(tints)
    for k in range(8):
        width, height = chance.uniform(0.16, 0.24), chance.uniform(0.26, 0.44)
        _house(s, x, 0.42, width, height, tints[k % len(tints)], chance)
        x += width
    canvas.stamp(s)
    canvas.fade(0.36, 0.43, (200, 198, 194), (214, 212, 206))
    canvas.fade(0.0, 0.36, (128, 132, 142), (156, 160, 168))
    s = Sketch()
    s.polygon([(-0.1, 0.36), (1.3, 0.36), (1.3, 0.345), (-0.1, 0.345)], (180, 178, 176), **FLAT)
    shift = chance.uniform(0, 0.2)
    for k in range(8):
        left = -0.2 + shift + 0.22 * k
        s.polygon(
            [(left, 0.19), (left + 0.12, 0.19), (left + 0.11, 0.172), (left - 0.01, 0.172)], (240, 236, 222), **FLAT
        )
    lamp = chance.uniform(0.08, 1.0)
    s.limb([(lamp, 0.38), (lamp, 0.74), (lamp + 0.05, 0.77), (lamp + 0.09, 0.76)], 0.012, (120, 124, 136), **FLAT)
    s.capsule((lamp + 0.075, 0.755), (lamp + 0.115, 0.75), 0.013, 0.013, (255, 244, 208), **FLAT)
    canvas.stamp(s)


def _house(s: Sketch, x: float, y: float, width: float, height: float, tint: Colour, chance: random.Random) -> None:
    s.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], tint, outlined=False, soft=0.25)
    if chance.random() < 0.5:
        roof = darker(mix(tint, (190, 130, 110), 0.5), 0.05)
        s.polygon(
            [(x - 0.01, y + height), (x + width + 0.01, y + height), (x + width / 2, y + height + 0.08)], roof, **SOFT
        )
    pane = chance.choice(((244, 248, 248), (252, 240, 206), (206, 224, 232)))
    across = 3 if width > 0.2 else 2
    for row in range(int((height - 0.1) / 0.085)):
        for column in range(across):
            left, low = x + width * (column + 0.28) / across, y + 0.125 + 0.085 * row
            s.polygon([(left, low), (left + 0.03, low), (left + 0.03, low + 0.048), (left, low + 0.048)], pane, **FLAT)
    door = x + width * chance.uniform(0.25, 0.6)
    s.polygon([(door, y), (door + 0.04, y), (door + 0.04, y + 0.09), (door, y + 0.09)], darker(tint, 0.35), **FLAT)


def _beach(canvas: Canvas, chance: random.Random) -> None:
    _sky(canvas, chance, 0.54, (136, 206, 240), (232, 246, 244))
    canvas.fade(0.36, 0.56, (136, 214, 218), (74, 166, 204))
    s = Sketch()
    isle = chance.uniform(0.1, 1.0)
    s.blob(
        [(isle - 0.16, 0.555), (isle - 0.06, 0.6), (isle + 0.04, 0.62), (isle + 0.16, 0.555), (isle, 0.545)],
        (140, 180, 170),
        **SOFT,
    )
    for _ in range(9):
        x, y = chance.uniform(0, WIDE), chance.uniform(0.43, 0.54)
        s.limb([(x, y), (x + chance.uniform(0.03, 0.09), y)], 0.005, (214, 240, 242), **FLAT)
    canvas.stamp(s)
    canvas.fade(0.0, 0.40, (232, 202, 142), (250, 232, 184))
    s = Sketch()
    edge = [(-0.2 + 0.16 * k, 0.395 + chance.uniform(-0.014, 0.016)) for k in range(11)]
    s.blob([(-0.4, 0.43), *edge, (1.6, 0.43)], (250, 252, 248), **FLAT)
    s.blob([(-0.4, 0.44), *((x, y + 0.014) for x, y in edge), (1.6, 0.44)], (146, 220, 222), **FLAT)
    for _ in range(16):
        x, y = chance.uniform(0, WIDE), chance.uniform(0.01, 0.34)
        s.ellipse(x, y, 0.012, 0.004, (218, 186, 128), **FLAT)
    _palm(s, chance.choice((0.05, WIDE - 0.05)), 0.36)
    canvas.stamp(s)


def _palm(s: Sketch, x: float, y: float) -> None:
    lean = 0.06 if x < 0.5 else -0.06
    top = (x + lean, y + 0.42)
    s.limb([(x, y), (x + lean * 0.25, y + 0.22), top], 0.022, (178, 142, 104), **FLAT)
    for angle in (15, 60, 120, 165, 205, -25):
        leaf = Sketch()
        leaf.blob([(0, 0), (0.07, 0.03), (0.15, 0.0), (0.2, -0.05), (0.1, -0.02)], (112, 172, 122), **SOFT)
        s.add(leaf, *top, 1, angle)


def _snow(canvas: Canvas, chance: random.Random) -> None:
    canvas.fade(0.4, 1.0, (226, 236, 246), (164, 192, 224))
    s = Sketch()
    for k in range(4):
        x, height = -0.05 + 0.36 * k + chance.uniform(-0.08, 0.08), chance.uniform(0.24, 0.4)
        _mountain(s, x, 0.42, height, (158, 174, 204))
    canvas.stamp(s)
    canvas.fade(0.0, 0.45, (222, 230, 242), (244, 248, 252))
    s = Sketch()
    _hills(s, chance, 0.40, 0.08, (232, 239, 248))
    for _ in range(6):
        _fir(s, chance.uniform(0, WIDE), 0.42 + chance.uniform(-0.02, 0.02), chance.uniform(0.16, 0.28))
    s.blob([(-0.3, -0.2), (-0.3, 0.34), (0.2, 0.36), (0.7, 0.33), (1.4, 0.36), (1.4, -0.2)], (236, 242, 249), **SOFT)
    for _ in range(6):
        x, y = chance.uniform(0, WIDE), chance.uniform(0.03, 0.3)
        s.capsule((x, y), (x + chance.uniform(0.05, 0.16), y + 0.004), 0.005, 0.004, (208, 220, 236), **FLAT)
    for _ in range(44):
        s.dot(chance.uniform(0, WIDE), chance.uniform(0.05, 1), chance.uniform(0.003, 0.0075), (255, 255, 255))
    canvas.stamp(s)


def _mountain(s: Sketch, x: float, y: float, height: float, colour: Colour) -> None:
    wide = height * 0.85
    s.polygon([(x - wide, y), (x, y + height), (x + wide, y)], colour, **SOFT)
    snow = [(x - wide * 0.33, y + height * 0.67), (x, y + height), (x + wide * 0.33, y + height * 0.67)]
    s.polygon(
        [*snow, (x + wide * 0.12, y + height * 0.74), (x, y + height * 0.64), (x - wide * 0.15, y + height * 0.74)],
        (248, 250, 253),
        **FLAT,
    )


def _fir(s: Sketch, x: float, y: float, height: float) -> None:
    s.capsule((x, y - 0.01), (x, y + 0.03), 0.009, 0.009, (150, 122, 104), **FLAT)
    for k in range(3):
        low, wide = y + height * (0.1 + 0.26 * k), height * (0.3 - 0.075 * k)
        top = low + height * 0.4
        s.polygon([(x - wide, low), (x, top), (x + wide, low)], (112, 150, 150), **SOFT)
        s.polygon(
            [
                (x - wide * 0.45, low + height * 0.22),
                (x, top),
                (x + wide * 0.45, low + height * 0.22),
                (x, low + height * 0.17),
            ],
            (246, 249, 252),
            **FLAT,
        )


def _lake(canvas: Canvas, chance: random.Random) -> None:
    _sky(canvas, chance, 0.5, (176, 200, 232), (246, 236, 220))
    s = Sketch()
    for k in range(4):
        _mountain(s, 0.0 + 0.38 * k + chance.uniform(-0.1, 0.1), 0.54, chance.uniform(0.18, 0.32), (150, 162, 190))
    _hills(s, chance, 0.54, 0.08, (128, 164, 150))
    canvas.stamp(s)
    canvas.fade(0.28, 0.55, (120, 176, 204), (166, 204, 216))
    s = Sketch()
    for _ in range(12):
        x, y = chance.uniform(0, WIDE), chance.uniform(0.41, 0.53)
        s.limb([(x, y), (x + chance.uniform(0.04, 0.14), y)], 0.005, (206, 228, 234), **FLAT)
    edge = [(-0.2 + 0.2 * k, 0.385 + chance.uniform(-0.02, 0.015)) for k in range(9)]
    s.blob([(-0.4, -0.2), (-0.4, 0.39), *edge, (1.6, 0.39), (1.6, -0.2)], (188, 190, 132), **SOFT)
    s.blob(
        [(-0.4, -0.2), (-0.4, 0.36), *((x, y - 0.03) for x, y in edge), (1.6, 0.36), (1.6, -0.2)],
        (164, 184, 110),
        **SOFT,
    )
    for _ in range(9):
        x, y = chance.uniform(0, WIDE), chance.uniform(0.355, 0.39)
        for lean in (-0.012, 0.0, 0.014):
            s.limb([(x, y), (x + lean, y + 0.07)], 0.005, (120, 150, 92), **FLAT)
    for _ in range(14):
        s.ellipse(chance.uniform(0, WIDE), chance.uniform(0.0, 0.26), 0.014, 0.007, (196, 198, 178), **SOFT)
    canvas.stamp(s)


def _kitchen(canvas: Canvas, chance: random.Random) -> None:
    wall = chance.choice(((226, 236, 226), (240, 230, 212), (222, 232, 238)))
    canvas.fade(0.4, 1.0, wall, lighter(wall, 0.35))
    s = Sketch()
    for k in range(13):
        s.limb([(0.1 * k, 0.62), (0.1 * k, 0.8)], 0.003, darker(wall, 0.1), **FLAT)
    for y in (0.62, 0.68, 0.74, 0.8):
        s.limb([(0, y), (WIDE, y)], 0.003, darker(wall, 0.1), **FLAT)
    front = chance.choice(((206, 190, 168), (176, 196, 190), (190, 196, 210)))
    window = chance.uniform(0.3, 0.7)
    _window(s, window, 0.68, 0.26, 0.25)
    for left in (window - 0.42, window + 0.32):
        _box(s, left, 0.72, 0.34, 0.24, front)
        for half in (0.01, 0.175):
            _box(s, left + half, 0.735, 0.155, 0.21, lighter(front, 0.2))
    for k in range(6):
        left = -0.04 + 0.22 * k
        _box(s, left, 0.36, 0.22, 0.24, front)
        _box(s, left + 0.015, 0.385, 0.19, 0.185, lighter(front, 0.22))
        s.limb([(left + 0.08, 0.55), (left + 0.14, 0.55)], 0.007, darker(front, 0.35), **FLAT)
    _box(s, -0.1, 0.59, 1.4, 0.035, (224, 214, 200))
    for _ in range(3):
        x = chance.uniform(0.05, 1.1)
        _box(s, x, 0.625, 0.045, 0.07, chance.choice(((204, 168, 140), (186, 190, 196), (214, 204, 160))))
    canvas.stamp(s)
    canvas.fade(0.0, 0.37, (214, 196, 172), (232, 220, 202))
    s = Sketch()
    for row in range(4):
        y0, y1 = 0.37 - 0.0215 * (row + 1) * row, 0.37 - 0.0215 * (row + 2) * (row + 1)
        for k in range(-3, 9):
            if (k + row) % 2:
                corners = [
                    (0.58 + (k - 3 + d) * 0.22 * (1 + 1.7 * (0.37 - y)), y)
                    for d, y in ((0, y0), (1, y0), (1, y1), (0, y1))
                ]
                s.polygon(corners, (204, 186, 162), **FLAT)
    canvas.stamp(s)


def _box(s: Sketch, x: float, y: float, width: float, height: float, colour: Colour) -> None:
    s.polygon([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], colour, **SOFT)


def _window(s: Sketch, x: float, y: float, width: float, height: float) -> None:
    _box(s, x - 0.012, y - 0.012, width + 0.024, height + 0.024, (250, 248, 242))
    _box(s, x, y, width, height, (186, 218, 236))
    hill = smooth([(x + 0.01, y + 0.05), (x + width * 0.4, y + 0.1), (x + width - 0.01, y + 0.04)])[:14]
    s.polygon([(x, y), (x, y + 0.04), *hill, (x + width, y + 0.03), (x + width, y)], (164, 204, 160), **FLAT)
    s.limb([(x + width / 2, y), (x + width / 2, y + height)], 0.01, (250, 248, 242), **FLAT)
    s.limb([(x, y + height / 2), (x + width, y + height / 2)], 0.01, (250, 248, 242), **FLAT)


def _living_room(canvas: Canvas, chance: random.Random) -> None:
    wall = chance.choice(((232, 212, 200), (214, 208, 226), (236, 220, 186)))
    canvas.fade(0.36, 1.0, wall, lighter(wall, 0.25))
    s = Sketch()
    for k in range(12):
        _box(s, 0.1 * k + 0.03, 0.4, 0.04, 0.6, lighter(wall, 0.16))
    window = chance.uniform(0.12, 0.75)
    _window(s, window, 0.62, 0.26, 0.27)
    drape = chance.choice(((196, 160, 160), (160, 178, 190), (188, 180, 150)))
    for left in (window - 0.07, window + 0.25):
        s.blob(
            [
                (left, 0.92),
                (left + 0.08, 0.92),
                (left + 0.07, 0.7),
                (left + 0.085, 0.55),
                (left - 0.005, 0.55),
                (left + 0.01, 0.72),
            ],
            drape,
            **SOFT,
        )
    s.limb([(window - 0.1, 0.925), (window + 0.36, 0.925)], 0.01, (150, 118, 96), **FLAT)
    frame = (window + 0.55) % 1.0
    _box(s, frame, 0.7, 0.17, 0.14, (160, 126, 100))
    _box(s, frame + 0.014, 0.714, 0.142, 0.112, (236, 232, 220))
    s.blob(
        [(frame + 0.014, 0.72), (frame + 0.06, 0.78), (frame + 0.1, 0.745), (frame + 0.156, 0.72)],
        (160, 180, 176),
        **FLAT,
    )
    lamp = (window + 0.46) % 1.1
    s.limb([(lamp, 0.38), (lamp, 0.66)], 0.01, (140, 116, 104), **FLAT)
    s.limb([(lamp - 0.05, 0.375), (lamp + 0.05, 0.375)], 0.014, (140, 116, 104), **FLAT)
    s.polygon(
        [(lamp - 0.075, 0.65), (lamp + 0.075, 0.65), (lamp + 0.045, 0.76), (lamp - 0.045, 0.76)],
        (250, 234, 196),
        **SOFT,
    )
    _box(s, -0.1, 0.365, 1.4, 0.035, (248, 242, 234))
    canvas.stamp(s)
    canvas.fade(0.0, 0.37, (196, 152, 112), (212, 172, 132))
    s = Sketch()
    for k in range(-4, 12):
        s.limb([(0.58 + (k - 4) * 0.13, 0.37), (0.58 + (k - 4) * 0.24, 0.0)], 0.003, (180, 136, 98), **FLAT)
    rug = chance.choice(((222, 206, 190), (196, 204, 206), (214, 198, 202)))
    s.ellipse(0.58, 0.15, 0.46, 0.125, darker(rug, 0.08), **SOFT)
    s.ellipse(0.58, 0.152, 0.42, 0.108, rug, **SOFT)
    s.ellipse(0.58, 0.154, 0.3, 0.073, lighter(rug, 0.25), **FLAT)
    canvas.stamp(s)


_PAINTERS: dict[str, Callable[[Canvas, random.Random], None]] = {
    "park": _park,
    "street": _street,
    "beach": _beach,
    "snow": _snow,
    "lake": _lake,
    "kitchen": _kitchen,
    "living room": _living_room,
}
