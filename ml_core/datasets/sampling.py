"""Samples by a hash of (seed, item id), so that adding or losing one item does not move the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ml_core.datasets.choosing import chosen
from ml_core.datasets.types import Dataset
from ml_core.spec import BadInput

__all__ = ["chosen", "order_table", "sample_options", "sampled", "subset"]


def sample_options(options: dict[str, str]) -> tuple[int | None, int]:
    """Takes `sample` and `seed` out of a reference's options; BadInput where one is not a number that makes sense.

    A `seed` without a `sample` stays: it is then the reader's own (scenes are drawn from it).
    """
    if "sample" not in options:
        return None, 0
    sample = _number(options.pop("sample"), "sample", least=1)
    return sample, _number(options.pop("seed", "0"), "seed", least=0)


def sampled(dataset: Dataset, sample: int | None, seed: int) -> Dataset:
    """The data set reduced to a sample, in its frozen order; itself where `sample` is None or no smaller than it."""
    kept = chosen(dataset.item_ids, sample, seed)
    if len(kept) == len(dataset.item_ids):
        return dataset
    return replace(subset(dataset, kept), about={**dataset.about, "sample": sample, "seed": seed})


def subset(dataset: Dataset, kept: Sequence[int]) -> Dataset:
    """The pictures at the ascending positions `kept` with their captions, boxes and labels, renumbered from 0."""
    positions = np.asarray(kept, dtype=np.int64)
    renumbered = np.full(len(dataset.item_ids), -1, dtype=np.int32)
    renumbered[positions] = np.arange(len(positions), dtype=np.int32)
    captions = np.flatnonzero(renumbered[dataset.caption_items] >= 0)
    boxes = np.flatnonzero(renumbered[dataset.box_items] >= 0)
    original = dataset.open_bytes
    return replace(
        dataset,
        item_ids=_take(dataset.item_ids, positions),
        file_names=_take(dataset.file_names, positions),
        file_hashes=_take(dataset.file_hashes, positions),
        file_sizes=dataset.file_sizes[positions],
        widths=dataset.widths[positions],
        heights=dataset.heights[positions],
        caption_ids=_take(dataset.caption_ids, captions),
        caption_texts=_take(dataset.caption_texts, captions),
        caption_items=renumbered[dataset.caption_items[captions]],
        box_items=renumbered[dataset.box_items[boxes]],
        box_categories=dataset.box_categories[boxes],
        boxes_B4=dataset.boxes_B4[boxes],
        labels=dataset.labels[positions] if len(dataset.labels) else dataset.labels,
        open_bytes=lambda number: original(int(positions[number])),
        facts=_take(dataset.facts, positions) if dataset.facts else [],
    )


def order_table(dataset: Dataset) -> dict[str, Any]:
    """The frozen order for people and other programs: what `meta_*.json` holds."""
    captions: list[list[dict[str, str]]] = [[] for _ in dataset.item_ids]
    for caption_id, text, item in zip(dataset.caption_ids, dataset.caption_texts, dataset.caption_items, strict=True):
        captions[int(item)].append({"id": caption_id, "caption": text})
    rows = zip(dataset.item_ids, dataset.file_names, dataset.file_hashes, captions, strict=True)
    return {
        "name": dataset.name,
        "content_hash": dataset.content_hash,
        "sample": dataset.about.get("sample"),
        "seed": dataset.about.get("seed"),
        "images": [
            {"idx": number, "image_id": item_id, "file_name": file_name, "sha256": file_hash, "captions": of_item}
            for number, (item_id, file_name, file_hash, of_item) in enumerate(rows)
        ],
    }


def _take(values: list[Any], positions: np.ndarray) -> list[Any]:
    return [values[position] for position in positions]


def _number(text: str, name: str, *, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise BadInput(f"{name}={text!r}: a whole number from {least} is wanted", field="dataset")
    return value
