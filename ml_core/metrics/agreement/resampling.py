"""Statistics that are functions of sums over items: their values, resampled values and intervals, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from ml_core.metrics.uncertainty import LEVEL, RESAMPLES

Statistic = Callable[[np.ndarray], np.ndarray]  # sums (B, F) -> values (B,), nan where it is not defined


class Finding(NamedTuple):
    """A value with its 95 % interval and the number of items behind it; where one is None, `why` says so in words."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    why: str = ""

    def as_dict(self) -> dict[str, float | int | str | None]:
        """For JSON."""
        return self._asdict()


def resample(
    features_PF: np.ndarray, counts_P: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """(B, F) sums of features over items drawn with replacement: items alike are drawn by one multinomial."""
    units = int(counts_P.sum())
    rng = np.random.default_rng(seed)
    step = max(1, 4_000_000 // len(counts_P))
    blocks = [
        rng.multinomial(units, counts_P / units, size=min(step, resamples - start)) @ features_PF
        for start in range(0, resamples, step)
    ]
    return np.concatenate(blocks)
