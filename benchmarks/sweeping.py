"""A SynCE sweep against fusing every point anew: vectorised, and picture by picture; its memory; the 3,024 points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.harness import Row, interleaved, peak_mib
from ml_core.zeroshot.fusion import Point, Sides, class_side, fused, image_side
from ml_core.zeroshot.sweep.algebra import Surface, swept
from ml_core.zeroshot.sweep.grid import Grid
from ml_core.zeroshot.vectors import Captions, unit

_TAUS = (0.01, 0.05, 0.1, 1.0)
_SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
_GRID = Grid(_TAUS, _TAUS, _SHARES, _SHARES)
_LARGE = Grid(
    (0.01, 0.03, 0.05, 0.1, 0.3, 1.0),
    (0.01, 0.03, 0.05, 0.1, 0.3, 1.0),
    (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0),
    _SHARES,
)
_LIMIT_MIB = 250
_TARGETS = {18: 15, 200: 7, 1000: 4}
_PAIRS = {18: 16, 200: 4, 1000: 1}  # of temperatures that are fused anew; the rest is scaled, as they cost the same
_LOOPED = 40  # pictures that the loop goes over


def _drawn(pictures: int, classes: int, width: int = 768) -> tuple[Sides, np.ndarray]:
    """Pictures that lie about their class, 20 captions a class and 5 a picture."""
    rng = np.random.default_rng(0)

    def near(rows: np.ndarray, spread: float) -> np.ndarray:
        return unit(rows + spread / np.sqrt(width) * rng.standard_normal(rows.shape, dtype=np.float32))

    centre_CE = unit(rng.standard_normal((classes, width), dtype=np.float32))
    label_N = rng.integers(0, classes, pictures)

    def captions(owners: np.ndarray, count: int, spread: float) -> Captions:
        places = np.arange(len(owners) * count, dtype=np.int32).reshape(len(owners), count)
        return Captions(near(np.repeat(owners, count, axis=0), spread), places)

    images_NE = near(centre_CE[label_N], 4.0)
    sides = (captions(centre_CE, 20, 3.0), captions(centre_CE[label_N], 5, 6.0))
    return Sides(images_NE, near(centre_CE, 3.0), near(centre_CE, 3.0), *sides), label_N


def _mixed(sides: Sides, grid: Grid) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """C and G at every temperature, once."""
    found = [class_side(sides, tau) for tau in grid.taus_t2t], [image_side(sides, tau) for tau in grid.taus_i2t]
    classes, images = ([mixed for mixed in part if mixed is not None] for part in found)
    return classes, images


def _refused(
    sides: Sides, label_N: np.ndarray, grid: Grid, pairs: Sequence[int], mixed: tuple[list[np.ndarray], ...]
) -> dict[int, tuple[int, int]]:
    """Place of the point → hits at 1 and 5: both sides are fused as arrays, each as seldom as can be."""
    found = {}
    for pair in pairs:
        t2t, i2t = divmod(pair, len(grid.taus_i2t))
        classes = [fused(sides.classes_CE, mixed[0][t2t], alpha) for alpha in grid.alphas]
        for z, beta in enumerate(grid.betas):
            images_NE = fused(sides.images_NE, mixed[1][i2t], beta)
            for a, classes_CE in enumerate(classes):
                scores_NC = images_NE @ classes_CE.T
                right_N = scores_NC[np.arange(len(label_N)), label_N]
                rank_N = (scores_NC > right_N[:, None]).sum(1) + 1
                given_N = scores_NC.argmax(1)
                place = grid.pair(t2t, i2t).start + a * len(grid.betas) + z
                found[place] = (int((given_N == label_N).sum()), int((rank_N <= 5).sum()))
    return found


def _looped(sides: Sides, pictures: int, points: Sequence[Point], classes: Sequence[np.ndarray]) -> list[int]:
    """Given classes, picture by picture, with the classes of every point fused beforehand."""
    given = []
    captions = sides.image_captions
    assert captions is not None
    for point, classes_CE in zip(points, classes, strict=True):
        for number in range(pictures):
            image_E, vectors_KE = sides.images_NE[number], captions.vectors_UE[captions.text_NK[number]]
            scaled_K = vectors_KE @ image_E / point.tau_i2t
            weights_K = np.exp(scaled_K - scaled_K.max())
            mixed_E = (weights_K / weights_K.sum()) @ vectors_KE
            mixed_E /= np.linalg.norm(mixed_E)
            fused_E = (1 - point.beta) * image_E + point.beta * mixed_E
            given.append(int((classes_CE @ (fused_E / np.linalg.norm(fused_E))).argmax()))
    return given


def _agree(surface: Surface, refused: dict[int, tuple[int, int]], pictures: int) -> None:
    measured = surface.measures([0])
    for place, hits in refused.items():
        for k, count in zip((1, 5), hits, strict=True):
            assert abs(measured[f"accuracy@{k}"][place] * pictures - count) <= max(2, pictures // 2000), (place, k)


def _measured(classes: int, pictures: int, rounds: int) -> list[Row]:
    sides, label_N = _drawn(pictures, classes)
    peak = peak_mib(lambda: swept(sides, _GRID, label_N).measures([0]))
    pairs, mixed = range(0, 16, 16 // _PAIRS[classes]), _mixed(sides, _GRID)
    _agree(swept(sides, _GRID, label_N), _refused(sides, label_N, _GRID, pairs, mixed), pictures)
    contenders = {
        "ours": lambda: swept(sides, _GRID, label_N).measures([0]),
        "mixed": lambda: _mixed(sides, _GRID),
        "refused": lambda: _refused(sides, label_N, _GRID, pairs, mixed),
    }
    if classes == 200:
        points = _GRID.points()[::16]
        fused_ones = [fused(sides.classes_CE, class_side(sides, point.tau_t2t), point.alpha) for point in points]
        contenders["loop"] = lambda: _looped(sides, _LOOPED, points, fused_ones)
    took = interleaved(contenders, rounds=rounds, warmups=0)
    work = f"784 points, {pictures:,} × {classes:,} × 768"
    scale = 16 / _PAIRS[classes]
    refused = took["mixed"] + took["refused"] * scale
    note = "" if scale == 1 else f"{_PAIRS[classes]} of 16 pairs of τ, scaled"
    rows = [
        Row(work, "naive", "vectorised re-fusion", took["ours"], refused, _TARGETS[classes], peak_mib=peak, note=note)
    ]
    if classes == 200:
        loop = took["loop"] * 16 * pictures / _LOOPED
        note = f"{_LOOPED} pictures at 49 points, scaled"
        rows.append(Row(work, "naive", "a loop over pictures", took["ours"], loop, 80, note=note))
    if peak is not None:
        rows.append(Row(f"memory of {work}", "limit", f"{_LIMIT_MIB} MiB", peak, _LIMIT_MIB, 1, "MiB"))
    return rows


def _large(pictures: int) -> list[Row]:
    """As many points as the published grid has, in one go."""
    classes = 18
    sides, label_N = _drawn(pictures, classes)
    peak = peak_mib(lambda: swept(sides, _LARGE, label_N).measures([0]))
    pairs, mixed = range(0, 36, 9), _mixed(sides, _LARGE)
    took = interleaved(
        {
            "ours": lambda: swept(sides, _LARGE, label_N).measures([0]),
            "mixed": lambda: _mixed(sides, _LARGE),
            "refused": lambda: _refused(sides, label_N, _LARGE, pairs, mixed),
        },
        rounds=1,
    )
    work, refused = f"{len(_LARGE):,} points, {pictures:,} × {classes} × 768", took["mixed"] + took["refused"] * 9
    note = "4 of 36 pairs of τ, scaled"
    return [Row(work, "naive", "vectorised re-fusion", took["ours"], refused, peak_mib=peak, note=note)]


def measure(quick: bool) -> list[Row]:
    pictures, sizes = (600, (18, 200)) if quick else (5000, (18, 200, 1000))
    rows = [row for classes in sizes for row in _measured(classes, pictures, 1 if quick or classes == 1000 else 3)]
    return rows + _large(pictures)
