"""Finds pictures that are all but the same by their vectors, and says what recall is without them.

A query whose right picture has a near twin among the candidates is a toss-up: finding the twin counts as a failure, and
a twin seen in training as a success (Barz and Denzler, "Do we train on test data?", 2020; Chun et al., "ECCV Caption",
2022). Such queries are left out of the second number; the candidates stay, so that the ranks stay what they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml_core.cells import safe_cell
from ml_core.events import Artifact, Event, Log, Metric
from ml_core.metrics.uncertainty import How
from ml_core.retrieval import report
from ml_core.retrieval.pairs import where
from ml_core.retrieval.report import Direction

SLICE = "no-near-duplicates"
FILE = "near_duplicates.csv"
LISTED = 100_000  # pairs in the file, the most alike; all are counted
_CELLS = 1_000_000  # scores in a block, 4 MB
_ROUNDING = 1e-6  # a product of equal unit vectors may be so far from 1


@dataclass(frozen=True)
class Twins:
    """Pairs of pictures at or above the threshold: how many, which pictures (N,), and the most alike of the pairs."""

    threshold: float
    pairs: int
    near_N: np.ndarray  # bool
    first_P: np.ndarray  # int32, the smaller number of each listed pair
    second_P: np.ndarray
    cosine_P: np.ndarray  # float32, falling

    @property
    def pictures(self) -> int:
        """Pictures with at least one near twin."""
        return int(self.near_N.sum())


def find_twins(images_NE: np.ndarray, threshold: float, *, listed: int = LISTED, cells: int = _CELLS) -> Twins:
    """All pairs of unit rows (N, E) with a cosine ≥ `threshold`, in blocks of about `cells` scores.

    Memory is one block, its pairs and at most 2 · `listed` others, whatever the pictures. The count and `near_N` are
    exact; where there are more pairs than `listed`, it is open which of equally alike ones are left out.
    """
    count = len(images_NE)
    edge = max(64, int(np.sqrt(cells)))
    near_N, total = np.zeros(count, dtype=bool), 0
    kept = _Kept(listed)
    for top in range(0, count, edge):
        for left in range(top, count, edge):
            scores_BN = images_NE[top : top + edge] @ images_NE[left : left + edge].T
            found_BN = scores_BN >= threshold - _ROUNDING
            if left == top:
                found_BN &= np.tri(len(found_BN), dtype=bool).T ^ np.eye(len(found_BN), dtype=bool)
            rows_P, columns_P = where(found_BN)
            if len(rows_P):
                total += len(rows_P)
                near_N[top : top + edge] |= found_BN.any(axis=1)
                near_N[left : left + edge] |= found_BN.any(axis=0)
                kept.take(rows_P + top, columns_P + left, scores_BN[rows_P, columns_P])
    return Twins(threshold, total, near_N, *kept.most_alike())


class _Kept:
    """The most alike of the pairs that came by."""

    def __init__(self, most: int):
        self._most = most
        self._pairs = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))

    def take(self, first_P: np.ndarray, second_P: np.ndarray, cosine_P: np.ndarray) -> None:
        """Adds pairs; drops what cannot be among the most alike."""
        more = (first_P.astype(np.int32), second_P.astype(np.int32), cosine_P)
        self._pairs = tuple(np.concatenate(both) for both in zip(self._pairs, more, strict=True))  # type: ignore[assignment]
        if len(self._pairs[0]) > 2 * self._most:
            self._cut()

    def most_alike(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """First, second and cosine, the most alike before the others."""
        self._cut()
        first_P, second_P, cosine_P = self._pairs
        order_P = np.lexsort((second_P, first_P, -cosine_P))
        return first_P[order_P], second_P[order_P], cosine_P[order_P]

    def _cut(self) -> None:
        first_P, second_P, cosine_P = self._pairs
        if len(cosine_P) > self._most:
            kept_P = np.argpartition(-cosine_P, self._most)[: self._most]
            self._pairs = (first_P[kept_P], second_P[kept_P], cosine_P[kept_P])


def without_twins(ways: list[Direction], twins: Twins, ks: tuple[int, ...], how: How) -> Iterator[Event]:
    """How many pictures have a near twin, and recall of each direction over the queries whose picture has none.

    Where none has one, that is the same number, told again so that runs can be held beside each other; where all have
    one there is no number, and a warning.
    """
    yield from counted(twins)
    for way in ways:
        alone_Q = ~twins.near_N[way.unit_Q]
        if not alone_Q.any():
            yield Log(f"{way.name}: every query's picture has a near duplicate, so nothing is left without", "warning")
            continue
        within = tuple(k for k in ks if k <= way.candidates)  # the others were warned of with the whole
        yield from report.recalls(way, alone_Q, f"/{SLICE}", within, **how)
        yield Metric(f"{way.name}/queries/{SLICE}", int(alone_Q.sum()), n=len(np.unique(way.unit_Q[alone_Q])))


def counted(twins: Twins) -> Iterator[Event]:
    """How many pictures have a near twin, how many pairs there are, and a warning where most have one."""
    count = len(twins.near_N)
    yield Metric("near_duplicates", twins.pictures, n=count)  # counted, not estimated: no interval
    yield Metric("near_duplicate_pairs", twins.pairs, n=count)
    if twins.pictures * 2 > count:
        yield Log(
            f"{twins.pictures:,} of {count:,} pictures have another at {twins.threshold:g} or above: the data set is "
            f"full of twins, or this encoder sees little difference. Look at {FILE} or raise near_duplicate.",
            "warning",
        )


def write_twins(twins: Twins, ids_N: list[str], hashes_N: list[str], out: Path) -> Iterator[Event]:
    """near_duplicates.csv: a pair a line, the most alike first, and whether the two files are the same bytes."""
    with (out / FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["first", "second", "cosine", "same_file"])
        rows = zip(twins.first_P.tolist(), twins.second_P.tolist(), twins.cosine_P.tolist(), strict=True)
        for first, second, cosine in rows:
            same = "true" if hashes_N[first] == hashes_N[second] else "false"
            writer.writerow([safe_cell(ids_N[first]), safe_cell(ids_N[second]), f"{cosine:.6f}", same])
    yield Artifact(FILE, "Near duplicates", "table", "text/csv")
    more = f"; the {len(twins.first_P):,} most alike are listed" if twins.pairs > len(twins.first_P) else ""
    told = f"{twins.pictures:,} pictures have a near duplicate (cosine ≥ {twins.threshold:g}), {twins.pairs:,} pairs"
    yield Log(f"{told}{more}")
