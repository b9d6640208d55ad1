"""Tables behind maps: a surface over two settings with the best point that is really in it, and confusions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def heat_map(x_P: Sequence[float], y_P: Sequence[float], value_P: Sequence[float]) -> dict[str, Any]:
    """P measured points as a grid: `x`, `y` (ascending), `value` (a row a y; None where nothing was measured), and the
    `best` point (x, y, value).

    The best is read from the data: the greatest value; of equal ones the smallest x, then y (the least is changed).
    ValueError where there is no point, or one stands there twice.
    """
    if not len(value_P):
        raise ValueError("there is no point")
    xs, ys = (sorted(set(map(float, values))) for values in (x_P, y_P))
    grid: list[list[float | None]] = [[None] * len(xs) for _ in ys]
    for x, y, value in zip(x_P, y_P, value_P, strict=True):
        row, column = ys.index(float(y)), xs.index(float(x))
        if grid[row][column] is not None:
            raise ValueError(f"the point ({x}, {y}) stands there twice")
        grid[row][column] = float(value)
    best = min(zip(x_P, y_P, value_P, strict=True), key=lambda point: (-point[2], point[0], point[1]))
    return {"x": xs, "y": ys, "value": grid, "best": dict(zip(("x", "y", "value"), map(float, best), strict=True))}


def confusion_matrix(label_N: np.ndarray, given_N: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """`names`, `count` (a row a true class, a column a given one) and `share` of each row's pictures (None in a row
    without any)."""
    classes = len(names)
    count_CC = np.bincount(label_N * classes + given_N, minlength=classes**2).reshape(classes, classes)
    total_C = count_CC.sum(axis=1)
    share = [
        (row / total).tolist() if total else [None] * classes for row, total in zip(count_CC, total_C, strict=True)
    ]
    return {"names": list(names), "count": count_CC.tolist(), "share": share}
