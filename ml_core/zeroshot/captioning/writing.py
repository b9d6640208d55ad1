"""Puts a file of captions down whole, and says numbers about captions with their intervals."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml_core.events import Artifact, Metric
from ml_core.spec import BadInput

_SHOWN = 5


def leave(out: Path, file: str, text: str, name: str) -> Artifact:
    """The file under its name once all of it is there."""
    part = out / f"{file}.part"
    part.write_text(text, "utf-8")
    os.replace(part, out / file)
    return Artifact(file, name, "data", "application/json")


def mean(name: str, values: Sequence[float], resamples: int = 2000, seed: int = 0) -> Metric:
    """The mean over units with its bootstrap interval."""
    values_N = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    means_R = np.concatenate(
        [rng.choice(values_N, (100, len(values_N))).mean(axis=1) for _ in range(-(-resamples // 100))]
    )
    low, high = np.quantile(means_R, [0.025, 0.975])
    return Metric(name, float(values_N.mean()), float(low), float(high), len(values_N))


def places_of(only: Sequence[str], names: Sequence[str]) -> set[int]:
    """Where the names stand; BadInput (field "only") that lists those that are not there."""
    known = {name: place for place, name in enumerate(names)}
    if strange := [name for name in only if name not in known]:
        raise BadInput(f"there is no {shown(strange)} here", field="only")
    return {known[name] for name in only}


def shown(names: Sequence[str]) -> str:
    """Some names, and how many more there are."""
    first = ", ".join(f"“{name if len(name) <= 60 else name[:57] + '…'}”" for name in names[:_SHOWN])
    return f"{first} and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else first
