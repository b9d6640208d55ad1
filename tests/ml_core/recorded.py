"""A small COCO folder with embeddings of its pictures and captions in a file, for the tests of retrieval."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.events import Event
from ml_core.methods import card
from ml_core.spec import Context
from tests.ml_core import small_sets


@dataclass(frozen=True)
class Recorded:
    """References to a data set and its embeddings, and the arrays behind them."""

    data: str
    encoder: str
    arrays: dict[str, np.ndarray]
    root: Path

    def with_arrays(self, name: str, **changes: Any) -> str:
        """The reference of another file, some of its arrays changed."""
        path = self.root / f"{name}.npz"
        np.savez(path, **(self.arrays | changes))
        return f"embeddings:{path}"


def recorded(root: Path, pictures: int = 40, captions: int = 5, strength: float = 0.6) -> Recorded:
    """`strength` says how much of its picture a caption's embedding holds."""
    small_sets.coco(root / "set", pictures, captions)
    rng = np.random.default_rng(5)
    images_NE = rng.standard_normal((pictures, 16)).astype(np.float32)
    items_M = np.repeat(np.arange(pictures), captions)
    arrays = {
        "image_ids": np.arange(1, pictures + 1),
        "image_embeddings": images_NE,
        "text_ids": (items_M + 1) * 10 + np.tile(np.arange(captions), pictures),
        "text_embeddings": images_NE[items_M] * strength + rng.standard_normal((len(items_M), 16)).astype(np.float32),
    }
    made = Recorded(f"coco:{root / 'set'}", "", arrays, root)
    return Recorded(made.data, made.with_arrays("embeddings"), arrays, root)


def run_method(key: str, out: Path, **values: Any) -> list[Event]:
    """Every event of a method run in this process."""
    out.mkdir(parents=True, exist_ok=True)
    found = card(key)
    return list(found.load()(found.parse(values), Context(out=out, cache=str(out / "cache"))))
