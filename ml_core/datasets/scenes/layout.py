"""Where each figure of a scene stands, so that counts can be counted and relations can be seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial

from ml_core.datasets.scenes.actors import actor
from ml_core.datasets.scenes.canvas import Extent, Sketch
from ml_core.datasets.scenes.kinds import DEPTHS, SIDES
from ml_core.datasets.scenes.palette import PAINT
from ml_core.datasets.scenes.things import DRAWN, SURFACES
from ml_core.datasets.scenes.world import Group, Scene

# The height of one unit of a kind's sketch, as a share of the picture, where two of it are shown.
HEIGHT = {
    "person": 0.46,
    "cat": 0.33,
    "dog": 0.33,
    "horse": 0.44,
    "bird": 0.29,
    "car": 0.29,
    "bicycle": 0.32,
    "boat": 0.46,
    "bench": 0.30,
    "umbrella": 0.52,
    "ball": 0.23,
    "kite": 0.40,
    "cup": 0.24,
    "chair": 0.38,
    "plant": 0.40,
}
GROWTH = {1: 1.22, 2: 1.0, 3: 0.88, 4: 0.78}
STAGGERED = {  # where wide figures stand: share of the region's width, and how far back
    1: ((0.0, 0.0),),
    2: ((-0.21, 0.10), (0.21, -0.03)),
    3: ((-0.22, 0.14), (0.22, 0.07), (-0.05, -0.05)),
    4: ((-0.23, 0.16), (0.21, 0.13), (-0.21, 0.0), (0.24, -0.05)),
}
SHARE = {1: 1.0, 2: 0.58, 3: 0.55, 4: 0.52}
FLOOR = 0.36  # no foot stands higher than this, except in the air


@dataclass(frozen=True)
class Figure:
    """One thing to draw: its foot at (x, y), `scale` to its unit; figures are drawn in their order."""

    kind: str
    sketch: Sketch
    extent: Extent  # of the sketch, in its own units
    x: float
    y: float
    scale: float
    flip: bool
    shadow: bool


@dataclass(frozen=True)
class Region:
    """Where a group may stand: its middle, its width, the height of its ground line, and how much to scale it."""

    x: float
    y: float
    width: float
    size: float = 1.0
    row: bool = False
    tallest: float = 0.6
    steep: float = 1.0  # how much of the usual distance there is between the rows of a group


@lru_cache(maxsize=4096)
def _sketch(kind: str, colour: str, action: str | None, look: int) -> tuple[Sketch, Extent]:
    sketch = actor(kind, colour, action, look) if action else DRAWN[kind](PAINT[colour])
    return sketch, sketch.extent()


def bounds(figure: Figure) -> Extent:
    """The figure's left, bottom, right and top in the picture."""
    left, bottom, right, top = figure.extent
    if figure.flip:
        left, right = -right, -left
    x, y, scale = figure.x, figure.y, figure.scale
    return x + scale * left, y + scale * bottom, x + scale * right, y + scale * top


def arrange(scene: Scene, look: random.Random, pose: random.Random) -> list[Figure]:
    """The figures of `scene`, farthest first."""
    people = look.randrange(16)
    regions = _regions(scene, pose)
    placed = [_place(group, region, people, pose) for group, region in zip(scene.groups, regions, strict=True)]
    if scene.relation == "on":
        placed = [_seat(placed[0], placed[1][0]), placed[1]]
    if scene.relation in ("on", "under", "behind"):
        first, second = placed if scene.relation == "behind" else reversed(placed)
        return _far_to_near(first) + _far_to_near(second)
    if scene.relation == "in front of":
        return _far_to_near(placed[1]) + _far_to_near(placed[0])
    return _far_to_near([figure for figures in placed for figure in figures])


def _far_to_near(figures: Sequence[Figure]) -> list[Figure]:
    return sorted(figures, key=lambda figure: -figure.y)


def _regions(scene: Scene, pose: random.Random) -> list[Region]:
    """Where each group of the scene may stand."""
    jolt = partial(_jolt, pose)
    if len(scene.groups) == 1:
        ground = 0.42 if _aloft(scene.groups[0]) else 0.15
        return [Region(jolt(0.5, 0.05), jolt(ground, 0.03), 0.86, 1.2)]
    if scene.relation in SIDES:
        return _side_by_side(scene, jolt)
    if scene.relation in DEPTHS:
        side = pose.choice((-1, 1)) * pose.uniform(0.15, 0.19)
        back = Region(0.5 + side, jolt(0.28, 0.01), 0.6, steep=0.6)
        front = Region(0.5 - side, jolt(0.06, 0.01), 0.54, 0.92, steep=0.7)
        return [front, back] if scene.relation == "in front of" else [back, front]
    return _one_above_another(scene, jolt)


def _jolt(pose: random.Random, middle: float, reach: float) -> float:
    return middle + pose.uniform(-reach, reach)


def _side_by_side(scene: Scene, jolt: Callable[[float, float], float]) -> list[Region]:
    """Left and right, each as wide as its group needs."""
    shares = [_need(group) for group in scene.groups]
    widths = [0.94 * share / sum(shares) for share in shares]
    first, second = 0.03 + widths[0] / 2, 0.97 - widths[1] / 2
    if scene.relation == "right of":
        first, second = 1 - first, 1 - second
    return [
        Region(jolt(x, 0.01), jolt(0.52 if _aloft(group) else 0.14, 0.035), width)
        for x, width, group in zip((first, second), widths, scene.groups, strict=True)
    ]


def _one_above_another(scene: Scene, jolt: Callable[[float, float], float]) -> list[Region]:
    if scene.relation == "on":  # the first group is seated later: only its size matters here
        return [
            Region(0.5, 0.2, 0.6, 0.9, row=True, tallest=0.38),
            Region(jolt(0.5, 0.06), jolt(0.12, 0.03), 0.88, 1.12),
        ]
    if scene.relation == "above":
        low, high = (
            Region(jolt(0.5, 0.05), jolt(0.1, 0.02), 0.84),
            Region(jolt(0.5, 0.05), jolt(0.6, 0.02), 0.8, 0.9, row=True),
        )
        return [high, low]
    if scene.groups[1].kind == "umbrella":
        canopy = Region(0.5, 0.12, 0.9, 1.28, tallest=0.9)
        return [Region(jolt(0.5, 0.02), jolt(0.07, 0.01), 0.8, row=True, tallest=0.38), canopy]
    kites = Region(jolt(0.5, 0.05), jolt(0.55, 0.02), 0.8, row=True, tallest=0.4)
    return [Region(jolt(0.5, 0.06), jolt(0.11, 0.02), 0.8), kites]


def _need(group: Group) -> float:
    """How much of the width a group wants beside another one."""
    extent = _sketch(group.kind, group.colour, group.action, 0)[1]
    aspect = (extent[2] - extent[0]) / (extent[3] - extent[1])
    return min(1.25, max(0.65, 0.6 + 0.3 * aspect)) * (0.85, 1.15, 1.35, 1.5)[group.count - 1]


def _aloft(group: Group) -> bool:
    return group.kind == "kite" or group.action == "flying"


def _place(group: Group, region: Region, people: int, pose: random.Random) -> list[Figure]:
    """One figure for each of the group, within its region."""
    sketches = [_sketch(group.kind, group.colour, group.action, people + k) for k in range(group.count)]
    left, bottom, right, top = sketches[0][1]
    thin = region.row or right - left < 0.95 * (top - bottom)
    scale = _scale(group, region, thin, right - left, top - bottom)
    all_flip = pose.random() < 0.5
    grounded = not _aloft(group)
    figures = []
    for k, (sketch, extent) in enumerate(sketches):
        across, back = _spot(k, group.count, thin, region, scale * (right - left))
        flip = all_flip if group.action in ("running", "flying", "jumping") else pose.random() < 0.5
        middle = scale * (left + right) / 2 * (-1 if flip else 1)
        x = region.x + across - middle + pose.uniform(-0.006, 0.006)
        y = region.y + back * region.steep + pose.uniform(-0.006, 0.006)
        y = min(y, FLOOR) if grounded else y
        figures.append(Figure(group.kind, sketch, extent, x, y, scale, flip, grounded and group.kind != "boat"))
    return figures


def _scale(group: Group, region: Region, thin: bool, width: float, height: float) -> float:
    """The most that the region's width and height and the kind's own size allow; sizes are in the sketch's units."""
    count = group.count
    room = 1.0 if count == 1 else 1.25 / (count + 0.25) if thin else SHARE[count]
    own = HEIGHT[group.kind] * GROWTH[count] * region.size
    return min(own, region.tallest / height, region.width * room / width)


def _spot(k: int, count: int, thin: bool, region: Region, wide: float) -> tuple[float, float]:
    """How far figure k stands to the right of the region's middle and behind its ground line."""
    if not thin:
        share, back = STAGGERED[count][k]
        return share * (region.width if count > 1 else 0), back
    if count == 1:
        return 0.0, 0.0
    step = min(wide * 1.12, (region.width - wide) / (count - 1))
    return (k - (count - 1) / 2) * step, 0.0 if region.row else (0.05 if k % 2 else -0.02)


def _seat(figures: list[Figure], under: Figure) -> list[Figure]:
    """Puts figures on the surface of another one."""
    height, left, right = SURFACES[under.kind]
    if under.flip:
        left, right = -right, -left
    width = (right - left) * under.scale
    seated = []
    for k, figure in enumerate(figures):
        left_edge, _, right_edge, _ = figure.extent
        scale = min(figure.scale, 1.35 * width / len(figures) / (right_edge - left_edge))
        middle = scale * (left_edge + right_edge) / 2 * (-1 if figure.flip else 1)
        x = under.x + left * under.scale + width * (k + 0.5) / len(figures) - middle
        y = under.y + height * under.scale - 0.012
        seated.append(replace(figure, x=x, y=y, scale=scale, shadow=False))
    return seated
