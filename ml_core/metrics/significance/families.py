"""Several tests at once: p-values adjusted so that the whole family errs with at most the level of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_F: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's step-down adjusted p-values (F,), in the order given (Holm 1979). ValueError for what is no p-value."""
    values_F = np.asarray(p_F, dtype=np.float64)
    if not ((values_F >= 0) & (values_F <= 1)).all():
        raise ValueError(f"a p-value lies between 0 and 1: {values_F[~((values_F >= 0) & (values_F <= 1))][0]}")
    order_F = np.argsort(values_F, kind="stable")
    steps_F = np.arange(len(values_F), 0, -1)
    adjusted_F = np.empty(len(values_F))
    adjusted_F[order_F] = np.minimum(np.maximum.accumulate(values_F[order_F] * steps_F), 1.0)
    return adjusted_F
