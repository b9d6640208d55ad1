"""Draws a scene: figures where the facts want them, in front of their place."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

from ml_core.datasets.scenes.world import Scene

Box = tuple[float, float, float, float]
RGB = {"red":(224,77,72),"orange":(240,140,58),"yellow":(247,200,72),"green":(88,164,92),"blue":(70,125,200),"purple":(136,96,178),"pink":(240,140,170),"white":(245,243,238),"black":(52,50,58),"brown":(140,94,62),"grey":(150,150,155)}
BG = {"kitchen":(235,220,190),"living room":(220,205,215),"park":(170,210,150),"street":(180,180,185),"beach":(240,225,170),"snow":(235,242,250),"lake":(150,195,215)}


@dataclass(frozen=True)
class Drawn:
    """A picture as JPEG, and a COCO box (x, y, width, height in pixels) for each thing in it, with its kind's name."""

    jpeg: bytes
    boxes: list[tuple[str, Box]]


def draw(scene: Scene, size: int, *, shared: random.Random, own: random.Random) -> Drawn:
    """`scene` as a square picture; `shared` gives the look that a family has in common, `own` the rest."""
    image = Image.new("RGB", (size, size), BG[scene.place])
    pen = ImageDraw.Draw(image)
    boxes = []
    for g, group in enumerate(scene.groups):
        for c in range(group.count):
            x, y = (0.05 + 0.5 * g + 0.1 * c + 0.05 * own.random()) * size, (0.5 + 0.3 * own.random()) * size
            w = 0.2 * size
            pen.ellipse((x, y, x + w, y + w), RGB[group.colour])
            boxes.append((group.kind, (x, y, w, w)))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92, subsampling=0)
    return Drawn(out.getvalue(), boxes)
