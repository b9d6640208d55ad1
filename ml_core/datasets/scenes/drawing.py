"""Draws a scene: its figures before its place, as a JPEG with a box around each figure."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image

from ml_core.datasets.scenes.canvas import Canvas, Extent
from ml_core.datasets.scenes.kinds import setting_of
from ml_core.datasets.scenes.landmarks import put_landmark
from ml_core.datasets.scenes.layout import Figure, arrange, bounds
from ml_core.datasets.scenes.places import WIDE, paint
from ml_core.datasets.scenes.world import Scene, dice

Box = tuple[float, float, float, float]
QUALITY = 92


@dataclass(frozen=True)
class Drawn:
    """A picture as JPEG, and a COCO box (x, y, width, height in pixels) for each thing in it, with its kind's name."""

    jpeg: bytes
    boxes: list[tuple[str, Box]]


def draw(scene: Scene, size: int, *, look: str, pose: str) -> Drawn:
    """`scene` as a square picture of `size` pixels.

    `look` seeds what a family has in common (its background, its people), `pose` what is this picture's own.
    """
    finer = 3 if size <= 160 else 2
    side = size * finer
    own = dice("pose", pose)
    behind = _background(setting_of(scene.place), side, look)
    shift = round(own.random() * (behind.width - side))
    image = behind.crop((shift, 0, shift + side, side))
    canvas = Canvas(image)
    figures = arrange(scene, dice("people", look), own)
    extents = [bounds(figure) for figure in figures]
    put_landmark(canvas, scene.place, extents, first=dice("landmark", look).randrange(4))
    for figure in figures:
        _put(canvas, figure)
    boxes = [(figure.kind, _box(extent, size)) for figure, extent in zip(figures, extents, strict=True)]
    return Drawn(_jpeg(image.reduce(finer)), boxes)


@lru_cache(maxsize=4)
def _background(place: str, side: int, look: str) -> Image.Image:
    image = Image.new("RGB", (round(side * WIDE), side))
    paint(Canvas(image), place, dice("place", look))
    return image


def _put(canvas: Canvas, figure: Figure) -> None:
    if figure.shadow:
        left, _, right, _ = bounds(figure)
        reach = (right - left) / 2
        canvas.shadow(left + reach, figure.y + 0.008, reach * 0.98, 0.014 + reach * 0.1)
    canvas.stamp(figure.sketch, figure.x, figure.y, figure.scale, flip=figure.flip)


def _box(extent: Extent, size: int) -> Box:
    left, bottom, right, top = (min(1.0, max(0.0, edge)) for edge in extent)
    x, y = left * size, (1 - top) * size
    return round(x, 2), round(y, 2), round((right - left) * size, 2), round((top - bottom) * size, 2)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()
