"""Chooses points of a surface on some pictures and answers for the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_core.zeroshot.fusion import Point, Sides, classified
from ml_core.zeroshot.outcome import Outcome, joined
from ml_core.zeroshot.sweep.algebra import Surface
from ml_core.zeroshot.sweep.grid import Grid
from ml_core.zeroshot.sweep.parting import DEV, TEST


@dataclass(frozen=True)
class Choice:
    """A point chosen on parts `on` for the pictures of part `for_part`."""

    place: int
    point: Point
    on: list[int]
    for_part: int


def best(value_P: np.ndarray, grid: Grid) -> int:
    """The place of the greatest value; of equal ones the one nearest to the plain classifier, then the first."""
    equal_E = np.flatnonzero(value_P == value_P.max())
    points = grid.points()
    changes = [points[place].alpha + points[place].beta for place in equal_E]
    return int(equal_E[int(np.argmin(changes))])


def choices(surface: Surface, select: str, parts: int, *, crossed: bool) -> list[Choice]:
    """One choice on dev for test, or for every fold one on all the others."""
    points = surface.grid.points()
    asked = [([part for part in range(parts) if part != fold], fold) for fold in range(parts)]
    found = []
    for on, for_part in asked if crossed else [([DEV], TEST)]:
        place = best(surface.measures(on)[select], surface.grid)
        found.append(Choice(place, points[place], on, for_part))
    return found


def answered(
    sides: Sides, label_N: np.ndarray, part_N: np.ndarray, chosen: list[Choice], *, keep: int, scale: float
) -> tuple[np.ndarray, Outcome]:
    """The tested pictures' places in order, and what the chosen points say of them, by direct computation."""
    places, outcomes = [], []
    for choice in chosen:
        which = np.flatnonzero(part_N == choice.for_part)
        places.append(which)
        outcomes.append(classified(sides.of_pictures(which), choice.point, label_N[which], keep=keep, scale=scale))
    order_N = np.argsort(np.concatenate(places), kind="stable")
    return np.concatenate(places)[order_N], joined(outcomes).chosen(order_N)
