"""Sketches (shapes in their own units, y up) and the supersampled canvas they are stamped on, with soft shading."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self

from PIL import Image, ImageDraw

from ml_core.datasets.scenes.palette import INK, Colour, darker, lighter

Point = tuple[float, float]
Extent = tuple[float, float, float, float]  # left, bottom, right, top

OUTLINE = 0.0045  # of the picture's side
SPECK = 300  # pixels: shading of a smaller shape would not be seen
_FULL_TURN = 2 * math.pi


@dataclass(frozen=True)
class Shape:
    """A filled outline, or a stroke where `width` is set. `counts`: part of the thing itself, so part of its box."""

    points: tuple[Point, ...]
    fill: Colour
    width: float | None = None
    soft: float = 1.0  # strength of the shading from top left to bottom right
    outlined: bool = True
    counts: bool = True
    upright: bool = False  # a letter: never mirrored


@dataclass
class Sketch:
    """A list of shapes to be drawn in order, around the origin: the middle of the foot of the thing."""

    shapes: list[Shape] = field(default_factory=list)

    def polygon(self, points: Sequence[Point], fill: Colour, **how: Any) -> None:
        """A straight-sided shape."""
        self.shapes.append(Shape(tuple(points), fill, **how))

    def blob(self, points: Sequence[Point], fill: Colour, **how: Any) -> None:
        """A smooth closed curve through `points`."""
        self.polygon(smooth(points), fill, **how)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour, angle: float = 0, **how: Any) -> None:
        """An ellipse; `angle` in degrees, anticlockwise."""
        steps = 12 if max(rx, ry) < 0.04 else 32
        ring = [(rx * math.cos(_FULL_TURN * k / steps), ry * math.sin(_FULL_TURN * k / steps)) for k in range(steps)]
        self.polygon([(x + a, y + b) for a, b in turned(ring, angle)], fill, **how)

    def capsule(self, start: Point, end: Point, r1: float, r2: float, fill: Colour, **how: Any) -> None:
        """A round-ended bar from a circle of radius `r1` to one of `r2`."""
        along = math.atan2(end[1] - start[1], end[0] - start[0])
        points = []
        for centre, radius, begin in ((start, r1, along + math.pi / 2), (end, r2, along - math.pi / 2)):
            for k in range(13):
                turn = begin + math.pi * k / 12
                points.append((centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)))
        self.polygon(points, fill, **how)

    def limb(self, points: Sequence[Point], width: float, fill: Colour, **how: Any) -> None:
        """A stroke with round ends and joints through `points`."""
        self.shapes.append(Shape(tuple(points), fill, width, **how))

    def dot(self, x: float, y: float, radius: float, fill: Colour, **how: Any) -> None:
        """A small flat disc without outline."""
        self.ellipse(x, y, radius, radius, fill, **{"soft": 0.0, "outlined": False, **how})

    def add(self, other: Sketch, x: float = 0, y: float = 0, scale: float = 1, angle: float = 0) -> Self:
        """Puts another sketch into this one: turned about its origin, scaled, moved."""
        for shape in other.shapes:
            points = tuple((x + scale * a, y + scale * b) for a, b in turned(shape.points, angle))
            width = shape.width and shape.width * scale
            how = (shape.soft, shape.outlined, shape.counts, shape.upright)
            self.shapes.append(Shape(points, shape.fill, width, *how))
        return self

    def extent(self) -> Extent:
        """The bounds of all shapes that count."""
        left, bottom, right, top = [], [], [], []
        for shape in self.shapes:
            if shape.counts:
                reach = (shape.width or 0) / 2
                xs, ys = zip(*shape.points, strict=True)
                left.append(min(xs) - reach)
                right.append(max(xs) + reach)
                bottom.append(min(ys) - reach)
                top.append(max(ys) + reach)
        return min(left), min(bottom), max(right), max(top)


def smooth(points: Sequence[Point], steps: int = 7) -> list[Point]:
    """A closed Catmull-Rom curve through `points`."""
    curve = []
    count = len(points)
    for k in range(count):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (points[(k + i - 1) % count] for i in range(4))
        for step in range(steps):
            t = step / steps
            x = bx + 0.5 * t * (cx - ax + t * (2 * ax - 5 * bx + 4 * cx - dx + t * (3 * (bx - cx) + dx - ax)))
            y = by + 0.5 * t * (cy - ay + t * (2 * ay - 5 * by + 4 * cy - dy + t * (3 * (by - cy) + dy - ay)))
            curve.append((x, y))
    return curve


def turned(points: Sequence[Point], angle: float) -> Sequence[Point]:
    """`points` turned about the origin by `angle` degrees, anticlockwise."""
    if not angle:
        return points
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return [(x * cosine - y * sine, x * sine + y * cosine) for x, y in points]


class Canvas:
    """A square picture under way, drawn larger than wanted; positions run from 0 to 1, y up."""

    def __init__(self, image: Image.Image):
        self.image = image
        self.side = image.height
        self.draw = ImageDraw.Draw(image)

    def stamp(self, sketch: Sketch, x: float = 0, y: float = 0, scale: float = 1, *, flip: bool = False) -> None:
        """Draws `sketch` with its origin at (x, y), `scale` to its unit."""
        unit = scale * self.side
        across = -unit if flip else unit
        ox, oy = x * self.side, (1 - y) * self.side
        placed = [
            (
                shape,
                [(ox + a * across, oy - b * unit) for a, b in (_unmirrored(shape) if flip else shape.points)],
                (shape.width or 0) * unit,
            )
            for shape in sketch.shapes
        ]
        rim = max(1.0, OUTLINE * self.side)
        for shape, points, width in placed:
            if shape.outlined:
                self._outline(points, width, rim, darker(shape.fill, 0.42))
        for shape, points, width in placed:
            if shape.width is not None:
                self._stroke(points, width, shape.fill)
            elif shape.soft:
                self._shade(points, shape.fill, shape.soft)
            else:
                self.draw.polygon(points, shape.fill)

    def _outline(self, points: list[Point], width: float, rim: float, colour: Colour) -> None:
        if width:
            self._stroke(points, width + 2 * rim, colour)
        else:
            self.draw.line([*points, *points[:2]], colour, round(2 * rim), joint="curve")

    def _stroke(self, points: list[Point], width: float, colour: Colour) -> None:
        self.draw.line(points, colour, max(1, round(width)), joint="curve")
        radius = width / 2
        if radius > 1:
            for px, py in (points[0], points[-1]):
                self.draw.ellipse((px - radius, py - radius, px + radius, py + radius), colour)

    def _shade(self, points: list[Point], fill: Colour, strength: float) -> None:
        xs, ys = zip(*points, strict=True)
        left, top = math.floor(min(xs)), math.floor(min(ys))
        width, height = math.ceil(max(xs)) - left + 1, math.ceil(max(ys)) - top + 1
        if width * height < SPECK:
            self.draw.polygon(points, fill)
            return
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).polygon([(px - left, py - top) for px, py in points], 255)
        self.image.paste(_corners(fill, strength).resize((width, height), Image.Resampling.BILINEAR), (left, top), mask)

    def shadow(self, x: float, y: float, rx: float, ry: float, strength: float = 0.32) -> None:
        """A soft dark ellipse on the ground."""
        self.glow(x, y, rx, ry, INK, strength)

    def glow(self, x: float, y: float, rx: float, ry: float, colour: Colour, strength: float) -> None:
        """A soft ellipse of `colour`, `strength` (0 to 1) in its middle."""
        width, height = max(2, round(2 * rx * self.side)), max(2, round(2 * ry * self.side))
        mask = _soft_disc(round(strength * 255)).resize((width, height), Image.Resampling.BILINEAR)
        corner = (round((x - rx) * self.side), round((1 - y - ry) * self.side))
        self.image.paste(colour, (*corner, corner[0] + width, corner[1] + height), mask)

    def fade(self, bottom: float, top: float, low: Colour, high: Colour) -> None:
        """Fills the band from `bottom` to `top` across the picture, from colour `low` to `high`."""
        upper, lower = round((1 - top) * self.side), round((1 - bottom) * self.side)
        strip = Image.new("RGB", (1, 2))
        strip.putpixel((0, 0), high)
        strip.putpixel((0, 1), low)
        band = strip.resize((self.image.width, max(1, lower - upper)), Image.Resampling.BICUBIC)
        self.image.paste(band, (0, upper))


def _unmirrored(shape: Shape) -> Sequence[Point]:
    """The shape's points, turned over about their own middle if mirroring the sketch must not turn them over."""
    if not shape.upright:
        return shape.points
    xs = [x for x, _ in shape.points]
    middle = min(xs) + max(xs)
    return [(middle - x, y) for x, y in shape.points]


@lru_cache(maxsize=512)
def _corners(fill: Colour, strength: float) -> Image.Image:
    """Two by two pixels that, stretched, shade a shape from top left (light) to bottom right (dark)."""
    image = Image.new("RGB", (2, 2))
    for spot, colour in (
        ((0, 0), lighter(fill, 0.26 * strength)),
        ((1, 0), lighter(fill, 0.08 * strength)),
        ((0, 1), darker(fill, 0.08 * strength)),
        ((1, 1), darker(fill, 0.24 * strength)),
    ):
        image.putpixel(spot, colour)
    return image


@lru_cache(maxsize=64)
def _soft_disc(middle: int) -> Image.Image:
    """A grey disc, `middle` in its centre, falling smoothly to nothing at its rim."""
    disc = Image.radial_gradient("L").resize((96, 96), Image.Resampling.BILINEAR)
    # a radial gradient reaches 181, not 255, in the middle of each side
    return disc.point([round(middle * max(0.0, 1 - (value / 180) ** 2) ** 1.3) for value in range(256)])
