"""Answers of all pictures at every point of a grid from inner products that are made once.

The fused score (1-β)(1-α) I·t + (1-β)α I·C + β(1-α) G·t + βα G·C over the norms of both sides needs, for each pair of
temperatures, four inner products a picture and class, and the Gram entry t·C a class. No fused vector is built.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np

from ml_core.metrics.classification import Counts, macro
from ml_core.spec import BadInput
from ml_core.zeroshot.fusion import Sides, class_side
from ml_core.zeroshot.sweep.grid import Grid
from ml_core.zeroshot.sweep.kernel import NEVER, STRIDE, answer, count, mix
from ml_core.zeroshot.vectors import BLOCK, blas, products

_MOST_THREADS = 8
_MOST_BYTES = 2 * 2**30  # of the counts of all points, and again of the blocks that are worked on
_CELLS = 2**22  # counts that measures are made of at a time


@dataclass(frozen=True)
class Surface:
    """What every point of a grid answered, by part of the pictures: how often each class was given and given rightly
    (P, F, C), how often the true class stood within k (P, F, K), and how many pictures each part has of each class."""

    grid: Grid
    ks: tuple[int, ...]
    support_FC: np.ndarray
    given_PFC: np.ndarray
    right_PFC: np.ndarray
    hits_PFK: np.ndarray

    def measures(self, parts: list[int]) -> dict[str, np.ndarray]:
        """`accuracy@k`, `precision/macro`, `recall/macro`, `f1/macro` of every point over some parts together, (P,)."""
        support_C = self.support_FC[parts].sum(0)
        hits_PK = self.hits_PFK[:, parts].sum(1) / max(int(support_C.sum()), 1)
        found = {f"accuracy@{k}": hits_PK[:, place] for place, k in enumerate(self.ks)}
        step = max(1, _CELLS // (len(parts) * len(support_C)))
        blocks = (slice(start, start + step) for start in range(0, len(self.grid), step))
        counted = ((self.given_PFC[block, parts], self.right_PFC[block, parts]) for block in blocks)
        means_P3 = np.concatenate([macro(Counts(support_C, *(each.sum(1) for each in pair))) for pair in counted])
        return found | dict(zip(("precision/macro", "recall/macro", "f1/macro"), means_P3.T, strict=True))


def refuse_too_large(grid: Grid, parts: int, classes: int, ks: int, width: int = 0) -> None:
    """BadInput (field "alphas" or "taus_t2t") where a surface would not fit into memory: `ks` depths, vectors of
    `width` (0: not known yet)."""
    counts = 4 * len(grid) * parts * (2 * classes + ks)
    if counts > _MOST_BYTES:
        raise BadInput(
            f"the counts of {len(grid):,} points × {parts} parts of the pictures × {classes:,} classes would take "
            f"{counts / 2**30:.1f} GiB, more than {_MOST_BYTES / 2**30:g}: try fewer shares or temperatures, "
            "or fewer folds",
            field="alphas",
        )
    room = _room(grid, classes, width)
    if room > _MOST_BYTES:
        raise BadInput(
            f"{len(grid.taus_t2t)} temperatures of the classes × {classes:,} classes and {len(grid.taus_i2t)} of the "
            f"pictures would take {room / 2**30:.1f} GiB to work in, more than {_MOST_BYTES / 2**30:g}: try fewer",
            field="taus_t2t",
        )


def _room(grid: Grid, classes: int, width: int) -> int:
    """Bytes that one block of pictures is worked on in: inner products of both sides, mixed captions, answers."""
    columns = (1 + len(grid.taus_t2t)) * -(-classes // STRIDE) * STRIDE
    return 4 * BLOCK * (2 * columns + classes + len(grid.taus_i2t) * width + 2 * grid.pairs)


class Sweep:
    """A surface in the making: go through `blocks()`, then ask for the `surface()`. BadInput where it is too large."""

    def __init__(
        self, sides: Sides, grid: Grid, label_N: np.ndarray, part_N: np.ndarray, parts: int, ks: tuple[int, ...]
    ):
        self._sides, self._grid, self._ks = sides, grid, ks
        self._label_N, self._part_N = (np.ascontiguousarray(values, np.int64) for values in (label_N, part_N))
        self._classes, width = sides.classes_CE.shape
        refuse_too_large(grid, parts, self._classes, len(ks), width)
        self._fitting = _MOST_BYTES // _room(grid, self._classes, width)
        self._width = -(-self._classes // STRIDE) * STRIDE
        self._stack_SE, self._shares = self._class_sides()
        self._support_FC = np.zeros((parts, self._classes), np.int64)
        np.add.at(self._support_FC, (self._part_N, self._label_N), 1)
        shape = (len(grid), parts)
        self._given_PFC = np.zeros((*shape, self._classes), np.int32)
        self._right_PFC = np.zeros((*shape, self._classes), np.int32)
        self._hits_PFK = np.zeros((*shape, len(ks)), np.int32)
        self._lock = Lock()

    def blocks(self) -> Generator[tuple[int, int], None, None]:
        """One block of pictures after the other, as many at a time as there are cores; yields (done, pictures)."""
        pictures = len(self._label_N)
        threads = min(_MOST_THREADS, max((library["num_threads"] for library in blas().info()), default=1))
        starts = range(0, pictures, BLOCK)
        threads = max(1, min(threads, len(starts), self._fitting))
        with ThreadPoolExecutor(threads) as pool:
            for at in range(0, len(starts), threads):
                with blas().limit(limits=1):  # a core, a block
                    list(pool.map(self._take, starts[at : at + threads]))
                yield min(pictures, (at + threads) * BLOCK), pictures

    def surface(self) -> Surface:
        """Once every block is done."""
        return Surface(self._grid, self._ks, self._support_FC, self._given_PFC, self._right_PFC, self._hits_PFK)

    def scores(self, place: int) -> np.ndarray:
        """The scores (N, C) of one point, which a sweep itself never keeps."""
        point, pairs = self._grid.points()[place], self._grid.pairs
        t2t, i2t = divmod(place // pairs, len(self._grid.taus_i2t))
        share, column = self._grid.alphas.index(point.alpha), (1 + t2t) * self._width
        own_C, other_C = (values[share, : self._classes] for values in self._shares[t2t])
        found = []
        for start in range(0, len(self._label_N), BLOCK):
            part = slice(start, start + BLOCK)
            images_BE = self._sides.images_NE[part]
            added_BE = list(self._image_sides(part))[i2t]
            gram_B1 = np.einsum("be,be->b", images_BE, added_BE, dtype=np.float64)[:, None]
            rest, beta = 1 - point.beta, point.beta
            norm_B1 = np.sqrt(np.maximum(rest**2 + 2 * rest * beta * gram_B1 + beta**2, 1e-12))
            mixed_BS = rest * self._inner(images_BE) + beta * self._inner(added_BE)
            first_BC, other_BC = mixed_BS[:, : self._classes], mixed_BS[:, column : column + self._classes]
            found.append((first_BC * own_C + other_BC * other_C) / norm_B1)
        return np.concatenate(found)

    def _class_sides(self) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
        """t and every C(τ), one below the other, filled up (S, E); (1-α)/|c| and α/|c| for every τ, (A, C) each."""
        base_CE = self._sides.classes_CE
        stack = [base_CE]
        shares = []
        for tau in self._grid.taus_t2t:
            mixed_CE = class_side(self._sides, tau)
            if mixed_CE is None:
                mixed_CE = base_CE
            mixed_CE = np.where(mixed_CE.any(axis=1, keepdims=True), mixed_CE, base_CE)  # no caption: t itself
            stack.append(mixed_CE)
            shares.append(self._over_norms(np.einsum("ce,ce->c", base_CE, mixed_CE, dtype=np.float64)))
        filled = np.zeros((len(stack), self._width, base_CE.shape[1]), np.float32)
        filled[:, : self._classes] = stack
        return filled.reshape(-1, base_CE.shape[1]), shares

    def _over_norms(self, gram_C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        alpha_A1 = np.array(self._grid.alphas)[:, None]
        square_AC = (1 - alpha_A1) ** 2 + 2 * alpha_A1 * (1 - alpha_A1) * gram_C + alpha_A1**2
        norm_AC = np.where(alpha_A1 == 0, 1, np.sqrt(np.maximum(square_AC, 1e-12)))
        own_AC, other_AC = np.zeros((2, len(alpha_A1), self._width), np.float32)
        own_AC[:, : self._classes], other_AC[:, : self._classes] = (1 - alpha_A1) / norm_AC, alpha_A1 / norm_AC
        own_AC[:, self._classes :] = 1
        return own_AC, other_AC

    def _take(self, start: int) -> None:
        grid, part = self._grid, slice(start, start + BLOCK)
        images_BE, label_B = self._sides.images_NE[part], self._label_N[part]
        plain_BS = self._inner(images_BE)
        plain_BS[:, : self._classes] = products(images_BE, self._sides.classes_CE)  # to the bit those of the plain one
        beta_Z, k_K = np.array(grid.betas, np.float32), np.array(self._ks, np.int32)
        given_PB, rank_PB = np.empty((2, grid.pairs, len(images_BE)), np.int32)
        for place, added_BE in enumerate(self._image_sides(part)):
            added_BS = self._inner(added_BE)
            for row, (own_AC, other_AC) in enumerate(self._shares):
                column = (1 + row) * self._width
                answer(plain_BS, added_BS, column, own_AC, other_AC, beta_Z, label_B, given_PB, rank_PB)
                with self._lock:
                    counters = (values[grid.pair(row, place)] for values in self._counters)
                    count(given_PB, rank_PB, label_B, self._part_N[part], k_K, *counters)

    @property
    def _counters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self._given_PFC, self._right_PFC, self._hits_PFK

    def _inner(self, rows_BE: np.ndarray) -> np.ndarray:
        """Inner products with t and every C(τ), (B, S); what fills up is below everything in t's columns."""
        found_BS = rows_BE @ self._stack_SE.T
        found_BS[:, self._classes : self._width] = NEVER
        return found_BS

    def _image_sides(self, part: slice) -> Generator[np.ndarray, None, None]:
        """G (B, E) at every τ; a picture without captions has itself."""
        images_BE, captions = self._sides.images_NE[part], self._sides.image_captions
        if captions is None:
            yield from (images_BE for _ in self._grid.taus_i2t)
            return
        tau_T = np.array([np.inf if tau is None else tau for tau in self._grid.taus_i2t], np.float64)
        mixed_TBE = np.empty((len(tau_T), *images_BE.shape), np.float32)
        text_BK = np.ascontiguousarray(captions.text_NK[part])
        mix(captions.vectors_UE, text_BK, np.ascontiguousarray(images_BE), tau_T, mixed_TBE)
        yield from mixed_TBE


def swept(
    sides: Sides,
    grid: Grid,
    label_N: np.ndarray,
    *,
    part_N: np.ndarray | None = None,
    parts: int = 1,
    ks: tuple[int, ...] = (1, 5),
) -> Surface:
    """The whole surface at once; see Sweep."""
    part_N = np.zeros(len(label_N), np.int64) if part_N is None else part_N
    sweep = Sweep(sides, grid, label_N, part_N, parts, ks)
    for _ in sweep.blocks():
        pass
    return sweep.surface()
