"""Sketches of people and animals in each of their actions, facing right, the standing figure one unit high."""

from __future__ import annotations

from dataclasses import dataclass

from ml_core.datasets.scenes.canvas import Point, Sketch
from ml_core.datasets.scenes.palette import CREAM, HAIR, INK, PAINT, SKIN, TROUSERS, WOOD, Colour, darker, lighter, mix

NOSE: Colour = (64, 48, 56)
PINK: Colour = (236, 150, 150)
BEAK: Colour = (244, 164, 66)


def actor(kind: str, colour: str, action: str, look: int) -> Sketch:
    """The sketch of one actor; `look` picks the skin and hair of a person."""
    if kind == "person":
        return _person(PAINT[colour], action, SKIN[look % 4], HAIR[look // 4 % 4])
    if kind == "bird":
        return _bird(PAINT[colour], action)
    return _beast(kind, PAINT[colour], action)


# Animals on four legs


@dataclass(frozen=True)
class _Build:
    """How a four-legged animal is built: its trunk's half length and thickness, legs, head size."""

    half: float
    rump: float
    chest: float
    leg: float
    head: float


_BUILDS = {
    "cat": _Build(0.36, 0.165, 0.155, 0.085, 0.25),
    "dog": _Build(0.38, 0.165, 0.185, 0.1, 0.22),
    "horse": _Build(0.36, 0.175, 0.18, 0.085, 0.17),
}


def _beast(kind: str, coat: Colour, action: str) -> Sketch:
    if action == "sleeping":
        return _beast_asleep(kind, coat)
    if action == "sitting":
        return _beast_sitting(kind, coat)
    if action == "jumping":
        sketch = Sketch().add(_beast_on_legs(kind, coat, "jumping"), 0, 0.30, 1, 24)
        return sketch
    return _beast_on_legs(kind, coat, action)


_LEGS: dict[str, tuple[tuple[Point, Point], ...]] = {
    # knee and foot of: far hind, far fore, near hind, near fore
    "running": (
        ((-0.6, 0.34), (-0.82, 0.24)),
        ((0.56, 0.4), (0.8, 0.32)),
        ((-0.56, 0.24), (-0.78, 0.07)),
        ((0.52, 0.26), (0.72, 0.09)),
    ),
    "jumping": (
        ((-0.52, 0.22), (-0.78, 0.16)),
        ((0.5, 0.34), (0.66, 0.2)),
        ((-0.5, 0.14), (-0.74, 0.02)),
        ((0.42, 0.24), (0.52, 0.06)),
    ),
    "eating": (
        ((-0.22, 0.28), (-0.24, 0.05)),
        ((0.3, 0.26), (0.3, 0.05)),
        ((-0.38, 0.26), (-0.38, 0.03)),
        ((0.16, 0.26), (0.16, 0.03)),
    ),
}


def _beast_on_legs(kind: str, coat: Colour, action: str) -> Sketch:
    """Running, jumping (before it is turned upwards) or eating."""
    s, build = Sketch(), _BUILDS[kind]
    hip, shoulder = (-build.half, 0.5), (build.half - 0.06, 0.45 if action == "eating" else 0.53)
    far_hind, far_fore, near_hind, near_fore = _LEGS[action]
    _tail(s, kind, coat, hip, action)
    _leg(s, hip, *far_hind, build.leg, darker(coat, 0.26))
    _leg(s, shoulder, *far_fore, build.leg, darker(coat, 0.26))
    if kind == "horse":
        head = _horse_neck(s, coat, shoulder, action)
    else:
        head = (shoulder[0] + 0.32, 0.3) if action == "eating" else (shoulder[0] + 0.26, 0.76)
        s.capsule(shoulder, head, build.chest * 0.85, build.head * 0.5, coat)
    s.capsule(hip, shoulder, build.rump, build.chest, coat)
    _leg(s, hip, *near_hind, build.leg, coat)
    _leg(s, shoulder, *near_fore, build.leg, coat)
    if action == "eating":
        _food(s, kind, head)
    s.add(
        _head(kind, coat, asleep=False),
        *head,
        1,
        {"eating": -24 if kind != "horse" else -38, "jumping": -8}.get(action, 0),
    )
    if action == "running":
        _dust(s)
    return s


def _leg(s: Sketch, joint: Point, knee: Point, foot: Point, width: float, coat: Colour) -> None:
    s.capsule(joint, knee, width * 0.95, width * 0.62, coat, soft=0.6)
    s.capsule(knee, foot, width * 0.62, width * 0.5, coat, soft=0.6)
    s.capsule(foot, (foot[0] + width * 0.5, foot[1]), width * 0.52, width * 0.46, lighter(coat, 0.22), soft=0.6)


def _tail(s: Sketch, kind: str, coat: Colour, hip: Point, action: str) -> None:
    x, y = hip[0] - 0.1, hip[1] + 0.06
    up = action == "eating"
    if kind == "cat":
        path = (
            [(x, y), (x - 0.2, y + 0.16), (x - 0.22, y + 0.4), (x - 0.12, y + 0.52)]
            if up
            else [(x, y), (x - 0.18, y + 0.06), (x - 0.36, y + 0.22), (x - 0.48, y + 0.22)]
        )
        s.limb(path, 0.1, coat)
        s.limb(path[-2:], 0.09, darker(coat, 0.25), outlined=False)
    elif kind == "dog":
        s.capsule((x, y), (x - 0.2, y + (0.3 if up else 0.2)), 0.075, 0.045, coat)
    else:
        flow = 0.0 if up else 0.2
        s.blob(
            [
                (x + 0.04, y + 0.06),
                (x - 0.1 - flow, y + 0.02),
                (x - 0.16 - flow * 1.5, y - 0.34 + flow * 1.5),
                (x - 0.06 - flow, y - 0.24 + flow),
            ],
            _mane(coat),
        )


def _mane(coat: Colour) -> Colour:
    return lighter(coat, 0.35) if sum(coat) < 260 else darker(coat, 0.45)


def _horse_neck(s: Sketch, coat: Colour, shoulder: Point, action: str) -> Point:
    """Neck and mane; returns where the head begins."""
    x, y = shoulder
    poll = (x + 0.3, 0.38) if action == "eating" else (x + 0.26, y + 0.34)
    if action == "eating":
        mane = [(x + 0.02, y + 0.16), (x + 0.24, y + 0.06), (x + 0.38, 0.42), (x + 0.24, 0.34), (x + 0.04, y)]
    else:
        mane = [
            (x - 0.1, y + 0.1),
            (x - 0.02, y + 0.32),
            (x + 0.2, y + 0.48),
            (x + 0.28, y + 0.4),
            (x + 0.06, y + 0.12),
        ]
    s.blob(mane, _mane(coat))
    s.capsule((x + 0.02, y + 0.02), poll, 0.165, 0.09, coat)
    return poll


def _food(s: Sketch, kind: str, head: Point) -> None:
    x = head[0] + 0.2
    if kind == "horse":
        s.blob(
            [(x - 0.3, 0.0), (x - 0.2, 0.1), (x, 0.16), (x + 0.16, 0.09), (x + 0.24, 0.0)], (222, 184, 92), counts=False
        )
        for straw in (-0.16, -0.05, 0.07):
            s.limb([(x + straw, 0.02), (x + straw + 0.05, 0.11)], 0.016, (186, 146, 62), outlined=False, counts=False)
        return
    s.ellipse(x, 0.13, 0.21, 0.05, (150, 96, 62), counts=False)
    s.polygon([(x - 0.21, 0.13), (x + 0.21, 0.13), (x + 0.16, 0.0), (x - 0.16, 0.0)], (120, 170, 196), counts=False)


def _dust(s: Sketch) -> None:
    for x, y, r in ((-0.98, 0.06, 0.07), (-1.12, 0.1, 0.05), (-0.86, 0.03, 0.05)):
        s.ellipse(x, y, r, r * 0.8, (246, 242, 234), soft=0.5, outlined=False, counts=False)
    for y in (0.42, 0.62):
        s.limb([(-1.2, y), (-0.95, y)], 0.025, (250, 248, 244), outlined=False, counts=False)


def _head(kind: str, coat: Colour, *, asleep: bool) -> Sketch:
    return {"cat": _cat_head, "dog": _dog_head, "horse": _horse_head}[kind](coat, asleep)


def _eye(s: Sketch, x: float, y: float, radius: float, coat: Colour, asleep: bool) -> None:
    ink = CREAM if sum(coat) < 220 else INK
    if asleep:
        lid = [(x + radius * a, y - radius * b) for a, b in ((-1.4, 0), (-0.8, 0.65), (0, 0.9), (0.8, 0.65), (1.4, 0))]
        s.limb(lid, radius * 0.6, ink, outlined=False)
        return
    if sum(coat) < 260:
        s.dot(x, y, radius * 1.35, (244, 214, 120))
    s.dot(x, y, radius, INK)
    s.dot(x + radius * 0.3, y + radius * 0.35, radius * 0.35, (255, 255, 255))


def _cat_head(coat: Colour, asleep: bool) -> Sketch:
    s = Sketch()
    for side in (-1, 1):
        ear = [(side * 0.06 + 0.02, 0.17), (side * 0.2 + 0.02, 0.36), (side * 0.25 + 0.02, 0.08)]
        s.polygon(ear, coat)
        s.polygon(
            [(side * 0.11 + 0.02, 0.18), (side * 0.19 + 0.02, 0.29), (side * 0.215 + 0.02, 0.13)],
            PINK,
            outlined=False,
            soft=0,
        )
    s.ellipse(0.02, 0, 0.265, 0.225, coat)
    s.limb([(0.02, 0.21), (0.02, 0.13)], 0.035, darker(coat, 0.28), outlined=False)
    for side in (-1, 1):
        s.limb([(0.02 + side * 0.08, 0.195), (0.02 + side * 0.07, 0.14)], 0.03, darker(coat, 0.28), outlined=False)
    s.ellipse(0.05, -0.09, 0.125, 0.085, lighter(coat, 0.55), outlined=False, soft=0.5)
    for x in (-0.065, 0.145):
        _eye(s, x, 0.03, 0.042, coat, asleep)
    s.polygon([(0.02, -0.045), (0.08, -0.045), (0.05, -0.08)], PINK, outlined=False, soft=0)
    for side in (-1, 1):
        smile = [(0.05, -0.08), (0.05 + side * 0.02, -0.115), (0.05 + side * 0.05, -0.12), (0.05 + side * 0.075, -0.1)]
        s.limb(smile, 0.014, NOSE, outlined=False)
        for lift in (0.0, -0.05):
            s.limb(
                [(0.05 + side * 0.13, -0.07 + lift), (0.05 + side * 0.29, -0.05 + 1.5 * lift)],
                0.01,
                lighter(INK, 0.3),
                outlined=False,
            )
    return s


def _dog_head(coat: Colour, asleep: bool) -> Sketch:
    s = Sketch()
    flap = darker(coat, 0.3)
    s.blob([(0.13, 0.16), (0.22, 0.12), (0.2, -0.06), (0.13, -0.02)], darker(flap, 0.15))
    s.ellipse(0, 0.02, 0.22, 0.21, coat)
    s.capsule((0.06, -0.05), (0.25, -0.07), 0.13, 0.095, lighter(coat, 0.42))
    s.ellipse(0.335, -0.03, 0.05, 0.042, NOSE, outlined=False)
    s.limb([(0.31, -0.11), (0.22, -0.14), (0.15, -0.12)], 0.016, NOSE, outlined=False)
    _eye(s, 0.08, 0.08, 0.038, coat, asleep)
    s.blob([(-0.06, 0.2), (-0.18, 0.14), (-0.26, -0.1), (-0.17, -0.2), (-0.08, -0.08), (-0.02, 0.1)], flap)
    return s


def _horse_head(coat: Colour, asleep: bool) -> Sketch:
    s = Sketch()
    for x in (-0.05, 0.04):
        s.polygon([(x - 0.035, 0.06), (x - 0.01, 0.2), (x + 0.05, 0.08)], coat)
    s.capsule((0, 0.02), (0.25, -0.17), 0.115, 0.075, coat)
    s.capsule((0.22, -0.15), (0.265, -0.185), 0.083, 0.07, lighter(coat, 0.35), outlined=False)
    s.dot(0.29, -0.16, 0.016, NOSE)
    _eye(s, 0.07, 0.02, 0.03, coat, asleep)
    s.blob([(-0.1, 0.1), (0.02, 0.14), (0.1, 0.06), (0.04, 0.04), (-0.06, 0.0)], _mane(coat))
    return s


def _beast_asleep(kind: str, coat: Colour) -> Sketch:
    """Lying flat or curled up, with the sign of sleep above the head."""
    s = Sketch()
    if kind == "cat":
        s.blob([(-0.52, 0.1), (-0.46, 0.34), (-0.1, 0.46), (0.3, 0.38), (0.5, 0.16), (0.4, 0.02), (-0.4, 0.01)], coat)
        for x in (-0.28, -0.12, 0.04):
            s.limb([(x, 0.42), (x - 0.03, 0.32)], 0.045, darker(coat, 0.22), outlined=False)
        s.limb([(-0.5, 0.1), (-0.3, 0.035), (0.0, 0.045), (0.12, 0.06)], 0.1, darker(coat, 0.12))
        s.add(_head(kind, coat, asleep=True), 0.36, 0.21, 0.9, -12)
    elif kind == "dog":
        s.capsule((-0.5, 0.12), (-0.72, 0.06), 0.07, 0.045, coat)
        s.blob([(-0.58, 0.06), (-0.5, 0.3), (-0.15, 0.38), (0.2, 0.36), (0.42, 0.2), (0.4, 0.02), (-0.5, 0.0)], coat)
        s.capsule((-0.34, 0.07), (-0.12, 0.05), 0.09, 0.055, lighter(coat, 0.1))
        s.capsule((0.2, 0.06), (0.66, 0.05), 0.075, 0.055, lighter(coat, 0.15))
        s.add(_head(kind, coat, asleep=True), 0.46, 0.22, 1, -10)
    else:
        s.blob([(-0.56, 0.2), (-0.7, 0.1), (-0.74, 0.02), (-0.56, 0.04)], _mane(coat))
        s.blob([(-0.6, 0.05), (-0.52, 0.32), (-0.15, 0.4), (0.22, 0.36), (0.34, 0.16), (0.26, 0.01), (-0.5, 0.0)], coat)
        s.capsule((-0.3, 0.06), (-0.06, 0.05), 0.1, 0.05, darker(coat, 0.12))
        s.blob([(0.1, 0.36), (0.3, 0.52), (0.44, 0.44), (0.3, 0.24)], _mane(coat))
        s.capsule((0.18, 0.22), (0.44, 0.33), 0.15, 0.1, coat)
        s.add(_head(kind, coat, asleep=True), 0.46, 0.34, 1.05, -20)
    _snore(s, 0.62 if kind != "horse" else 0.66, 0.5)
    return s


def _snore(s: Sketch, x: float, y: float) -> None:
    for k, size in enumerate((0.085, 0.11, 0.14)):
        left, low = x + 0.13 * k, y + 0.17 * k + 0.02 * k * k
        path = [(left, low + size), (left + size, low + size), (left, low), (left + size, low)]
        s.limb(path, 0.03, (84, 92, 160), outlined=False, counts=False, upright=True)


def _beast_sitting(kind: str, coat: Colour) -> Sketch:
    s = Sketch()
    if kind == "cat":
        s.limb([(-0.24, 0.08), (-0.46, 0.08), (-0.54, 0.26), (-0.44, 0.4)], 0.1, coat)
        s.limb([(-0.54, 0.26), (-0.44, 0.4)], 0.09, darker(coat, 0.25), outlined=False)
        s.blob([(-0.3, 0.02), (-0.32, 0.24), (-0.16, 0.5), (0.04, 0.6), (0.2, 0.48), (0.24, 0.2), (0.22, 0.01)], coat)
        s.blob(
            [(0.0, 0.5), (0.14, 0.46), (0.17, 0.24), (0.04, 0.2), (-0.02, 0.34)],
            lighter(coat, 0.5),
            outlined=False,
            soft=0.5,
        )
        s.capsule((-0.16, 0.14), (-0.04, 0.05), 0.13, 0.06, darker(coat, 0.06))
        for x in (0.03, 0.15):
            s.capsule((x, 0.3), (x + 0.01, 0.05), 0.06, 0.055, coat, soft=0.6)
        s.add(_head(kind, coat, asleep=False), 0.05, 0.7, 0.98)
    else:
        s.capsule((-0.24, 0.08), (-0.5, 0.2), 0.08, 0.045, coat)
        s.blob([(-0.3, 0.02), (-0.32, 0.22), (-0.14, 0.46), (0.06, 0.66), (0.22, 0.5), (0.24, 0.2), (0.2, 0.01)], coat)
        s.blob(
            [(0.08, 0.56), (0.21, 0.44), (0.2, 0.26), (0.08, 0.24), (0.03, 0.4)],
            lighter(coat, 0.5),
            outlined=False,
            soft=0.5,
        )
        s.capsule((-0.14, 0.16), (0.02, 0.05), 0.15, 0.06, darker(coat, 0.06))
        for x in (0.07, 0.18):
            s.capsule((x, 0.36), (x + 0.02, 0.05), 0.07, 0.06, coat, soft=0.6)
        s.add(_head(kind, coat, asleep=False), 0.08, 0.78, 1.02)
    return s


# Birds


def _bird(coat: Colour, action: str) -> Sketch:
    s = Sketch()
    if action == "flying":
        s.blob([(-0.1, 0.45), (-0.42, 0.82), (-0.3, 1.0), (-0.02, 0.86), (0.12, 0.55)], darker(coat, 0.22))
        s.blob([(-0.34, 0.4), (-0.72, 0.5), (-0.74, 0.36), (-0.62, 0.26), (-0.3, 0.3)], darker(coat, 0.12))
        _bird_body(s, coat, (-0.24, 0.36), (0.16, 0.42), (0.34, 0.52))
        s.blob([(-0.18, 0.4), (-0.2, 0.8), (0.02, 1.06), (0.26, 0.94), (0.24, 0.6), (0.12, 0.4)], lighter(coat, 0.14))
        for x, y in ((-0.06, 0.82), (0.06, 0.74)):
            s.limb([(x, y), (x + 0.1, y + 0.12)], 0.025, darker(coat, 0.2), outlined=False)
        return s
    if action == "sleeping":
        s.blob([(-0.34, 0.2), (-0.56, 0.2), (-0.56, 0.1), (-0.3, 0.06)], darker(coat, 0.2))
        s.ellipse(0, 0.27, 0.4, 0.28, coat)
        s.ellipse(0.06, 0.16, 0.26, 0.14, lighter(coat, 0.45), outlined=False, soft=0.4)
        s.ellipse(0.2, 0.45, 0.2, 0.18, coat)
        s.blob([(-0.3, 0.36), (-0.1, 0.44), (0.14, 0.34), (0.02, 0.16), (-0.24, 0.14)], darker(coat, 0.18))
        _eye(s, 0.25, 0.47, 0.04, coat, True)
        s.polygon([(0.36, 0.46), (0.48, 0.39), (0.36, 0.36)], BEAK)
        _snore(s, 0.5, 0.6)
        return s
    for x in (-0.05, 0.12):
        s.limb([(x, 0.22), (x, 0.03), (x + 0.08, 0.02)], 0.035, darker(BEAK, 0.2), outlined=False)
    if action == "eating":
        s.blob([(-0.3, 0.52), (-0.66, 0.8), (-0.72, 0.66), (-0.4, 0.38)], darker(coat, 0.2))
        for x in (0.34, 0.46, 0.58, 0.7):
            s.dot(x, 0.03, 0.032, (214, 164, 78), counts=False)
        _bird_body(s, coat, (-0.22, 0.46), (0.12, 0.34), (0.36, 0.28), tilt=-48)
        s.blob([(-0.36, 0.6), (-0.1, 0.56), (0.12, 0.4), (-0.06, 0.28), (-0.34, 0.42)], darker(coat, 0.16))
        return s
    s.blob([(-0.28, 0.3), (-0.6, 0.1), (-0.62, 0.24), (-0.36, 0.44)], darker(coat, 0.2))
    _bird_body(s, coat, (-0.12, 0.36), (0.08, 0.46), (0.16, 0.76))
    s.blob([(-0.3, 0.52), (-0.06, 0.56), (0.1, 0.4), (-0.08, 0.24), (-0.36, 0.26)], darker(coat, 0.16))
    return s


def _bird_body(s: Sketch, coat: Colour, back: Point, breast: Point, head: Point, tilt: float = 0) -> None:
    s.capsule(back, breast, 0.2, 0.24, coat)
    s.ellipse(breast[0] + 0.06, breast[1] - 0.08, 0.16, 0.13, lighter(coat, 0.5), outlined=False, soft=0.4)
    top = Sketch()
    top.polygon([(0.16, 0.05), (0.36, -0.01), (0.16, -0.08)], BEAK)
    top.ellipse(0, 0, 0.2, 0.195, coat)
    _eye(top, 0.08, 0.04, 0.042, coat, False)
    s.add(top, *head, 1, tilt)


# People


def _person(cloth: Colour, action: str, skin: Colour, hair: Colour) -> Sketch:
    return {
        "sitting": _person_sitting,
        "sleeping": _person_asleep,
        "running": _person_running,
        "jumping": _person_jumping,
        "eating": _person_eating,
    }[action](cloth, skin, hair)


def _face(skin: Colour, hair: Colour, *, asleep: bool = False, open_mouth: bool = False) -> Sketch:
    s = Sketch()
    s.ellipse(-0.03, 0.03, 0.165, 0.16, hair)
    s.ellipse(0.01, -0.01, 0.14, 0.145, skin)
    s.blob(
        [
            (-0.14, 0.02),
            (-0.12, 0.13),
            (0.0, 0.175),
            (0.12, 0.12),
            (0.13, 0.05),
            (0.06, 0.085),
            (-0.05, 0.075),
            (-0.1, 0.0),
        ],
        hair,
        outlined=False,
    )
    s.dot(-0.1, -0.02, 0.028, darker(skin, 0.1))
    for x in (0.02, 0.1):
        if asleep:
            s.limb([(x - 0.022, -0.005), (x, -0.018), (x + 0.022, -0.005)], 0.012, INK, outlined=False)
        else:
            s.dot(x, 0.0, 0.018, INK)
    s.dot(-0.01, -0.055, 0.026, mix(skin, (232, 110, 100), 0.35))
    if open_mouth:
        s.dot(0.07, -0.075, 0.024, (150, 60, 60))
    else:
        s.limb([(0.035, -0.07), (0.07, -0.085), (0.1, -0.07)], 0.013, (140, 70, 66), outlined=False)
    return s


def _arm(s: Sketch, path: list[Point], cloth: Colour, skin: Colour) -> None:
    s.capsule(path[0], path[1], 0.058, 0.048, cloth, soft=0.7)
    s.capsule(path[1], path[2], 0.048, 0.042, cloth, soft=0.7)
    s.ellipse(*path[2], 0.046, 0.046, skin, soft=0.5)


def _trousers(s: Sketch, path: list[Point], shade: float = 0.0) -> None:
    tone = darker(TROUSERS, shade)
    s.capsule(path[0], path[1], 0.08, 0.066, tone, soft=0.7)
    s.capsule(path[1], path[2], 0.066, 0.055, tone, soft=0.7)
    s.capsule((path[2][0] - 0.01, path[2][1]), (path[2][0] + 0.08, path[2][1] - 0.005), 0.052, 0.042, (62, 56, 66))


def _trunk(s: Sketch, hip: Point, neck: Point, cloth: Colour) -> None:
    s.capsule(hip, neck, 0.135, 0.115, cloth)


def _person_running(cloth: Colour, skin: Colour, hair: Colour) -> Sketch:
    s = Sketch()
    hip, neck = (-0.06, 0.42), (0.08, 0.64)
    _arm(s, [(0.08, 0.66), (0.26, 0.54), (0.36, 0.68)], darker(cloth, 0.25), darker(skin, 0.12))
    _trousers(s, [(-0.08, 0.38), (-0.18, 0.2), (-0.44, 0.22)], 0.25)
    _trousers(s, [(0.0, 0.38), (0.24, 0.32), (0.3, 0.06)])
    _trunk(s, hip, neck, cloth)
    s.add(_face(skin, hair, open_mouth=True), 0.17, 0.86)
    _arm(s, [(0.02, 0.66), (-0.16, 0.52), (-0.32, 0.58)], lighter(cloth, 0.06), skin)
    _dust(s2 := Sketch())
    return s.add(s2, 0.42, 0, 0.8)


def _person_jumping(cloth: Colour, skin: Colour, hair: Colour) -> Sketch:
    s = Sketch()
    body = Sketch()
    for side in (-1, 1):
        _arm(body, [(side * 0.08, 0.66), (side * 0.24, 0.82), (side * 0.33, 1.0)], darker(cloth, 0.06), skin)
    _trousers(body, [(-0.06, 0.38), (-0.22, 0.3), (-0.34, 0.14)], 0.12)
    _trousers(body, [(0.06, 0.38), (0.24, 0.34), (0.3, 0.14)])
    _trunk(body, (0, 0.42), (0.0, 0.63), cloth)
    body.add(_face(skin, hair, open_mouth=True), 0.0, 0.87)
    return s.add(body, 0, 0.18)


def _person_sitting(cloth: Colour, skin: Colour, hair: Colour) -> Sketch:
    s = Sketch()
    _trousers(s, [(0.0, 0.11), (0.26, 0.3), (0.36, 0.06)], 0.22)
    _trunk(s, (-0.06, 0.14), (-0.03, 0.36), cloth)
    _trousers(s, [(0.0, 0.1), (0.28, 0.13), (0.5, 0.06)])
    s.add(_face(skin, hair), 0.0, 0.6)
    _arm(s, [(-0.05, 0.38), (0.06, 0.24), (0.22, 0.26)], lighter(cloth, 0.06), skin)
    return s


def _person_asleep(cloth: Colour, skin: Colour, hair: Colour) -> Sketch:
    s = Sketch()
    s.blob(
        [(0.28, 0.02), (0.3, 0.14), (0.5, 0.18), (0.7, 0.14), (0.72, 0.02), (0.5, 0.0)], (240, 240, 250), counts=False
    )
    _trousers(s, [(-0.2, 0.12), (-0.48, 0.2), (-0.6, 0.07)], 0.2)
    _trousers(s, [(-0.2, 0.1), (-0.5, 0.1), (-0.72, 0.08)])
    _trunk(s, (-0.12, 0.14), (0.2, 0.15), cloth)
    s.add(_face(skin, hair, asleep=True), 0.45, 0.24, 1, 62)
    _arm(s, [(0.2, 0.2), (0.06, 0.1), (0.24, 0.06)], lighter(cloth, 0.06), skin)
    _snore(s, 0.62, 0.42)
    return s


def _person_eating(cloth: Colour, skin: Colour, hair: Colour) -> Sketch:
    s = Sketch()
    _trousers(s, [(-0.05, 0.38), (-0.06, 0.2), (-0.07, 0.055)], 0.22)
    _trousers(s, [(0.05, 0.38), (0.06, 0.2), (0.06, 0.05)])
    _arm(s, [(-0.08, 0.64), (-0.18, 0.5), (-0.16, 0.36)], darker(cloth, 0.2), skin)
    _trunk(s, (0, 0.42), (0.0, 0.63), cloth)
    s.add(_face(skin, hair, open_mouth=True), 0.02, 0.86)
    s.polygon([(0.24, 0.5), (0.19, 0.7), (0.3, 0.7)], WOOD, counts=False)
    s.ellipse(0.245, 0.745, 0.085, 0.08, (255, 240, 214), counts=False)
    s.ellipse(0.25, 0.83, 0.066, 0.062, (240, 170, 180), counts=False)
    _arm(s, [(0.04, 0.62), (0.13, 0.48), (0.24, 0.56)], lighter(cloth, 0.06), skin)
    return s
