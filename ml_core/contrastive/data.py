"""What contrastive training sees: a split that shares no picture, and batches with one caption of each picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ml_core.contrastive.dual import Parts
from ml_core.datasets.sampling import chosen, subset
from ml_core.datasets.types import Dataset
from ml_core.spec import BadInput
from ml_core.training.order import epoch_order, pick, split_off
from ml_core.training.pictures import Pictures


@dataclass(frozen=True)
class Split:
    """Training and held-out pictures; `shared` is how many were left out of training because they, or siblings of
    theirs among drawn scenes, are held out."""

    train: Dataset
    held_out: Dataset
    shared: int


def split(data: Dataset, held_out: Dataset | None, *, fraction: float, limit: int, seed: int) -> Split:
    """Training pictures and at most `limit` held-out ones; the same bytes are never on both sides, and of drawn scenes
    no two siblings, which are all but equal.

    Without a held-out set, `fraction` of the distinct pictures (of the families, where facts name them) is held out by
    hash of (seed, content). With one, training gives up every picture and every family that it has a part of.
    """
    data = _captioned(data, "data")
    if held_out is None:
        held_out_N = split_off(seed, _groups(data), fraction)
        held_out, data = _where(data, held_out_N), _where(data, ~held_out_N)
    else:
        held_out = _captioned(held_out, "val_data")
    known = {*held_out.file_hashes, *_families(held_out)}
    both = zip(data.file_hashes, _families(data), strict=True)
    new_N = np.array([known.isdisjoint(own) for own in both], dtype=bool)
    few = len(new_N) < 2
    data, shared = _where(data, new_N), int((~new_N).sum())
    if len(data.item_ids) < 2:
        raise BadInput(
            "fewer than two pictures are left to train on once the held-out ones are taken away; give another data set",
            field="val_data" if shared and not few else "data",
        )
    return Split(data, subset(held_out, chosen(held_out.item_ids, limit, seed)), shared)


class Batches:
    """Training batches by step: an epoch shows each picture once, with one of its captions, in hashed order."""

    def __init__(self, dataset: Dataset, parts: Parts, *, size: int, seed: int, workers: int):
        self._dataset, self._parts, self._seed = dataset, parts, seed
        self.size = min(size, len(dataset.item_ids))
        self.an_epoch = len(dataset.item_ids) // self.size
        self.pictures = Pictures(dataset, parts.preparation, workers)
        self._captions = captions_of(dataset)
        self._groups_N = np.unique(dataset.file_hashes, return_inverse=True)[1]
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0))

    def batch(self, step: int) -> dict[str, Any]:
        """Pixels (B, H, W, 3) uint8, tokens (B, L), and two groupings (B,): by picture and by wording."""
        epoch, position = divmod(step, self.an_epoch)
        numbers = self._epoch(epoch)[position * self.size : (position + 1) * self.size]
        texts = [self._text(epoch, int(number)) for number in numbers]
        wordings = {text: place for place, text in enumerate(texts)}
        return {
            "pixels": torch.from_numpy(self.pictures.take(numbers)),
            "tokens": self._parts.tokens(texts),
            "pictures": torch.from_numpy(self._groups_N[numbers].astype(np.int64)),
            "wordings": torch.tensor([wordings[text] for text in texts]),
        }

    def _epoch(self, epoch: int) -> np.ndarray:
        if self._order[0] != epoch:
            self._order = (epoch, epoch_order(self._seed, epoch, self._dataset.item_ids))
        return self._order[1]

    def _text(self, epoch: int, number: int) -> str:
        own = self._captions[number]
        return self._dataset.caption_texts[own[pick(self._seed, epoch, self._dataset.item_ids[number], len(own))]]


def captions_of(dataset: Dataset) -> list[list[int]]:
    """For each picture the numbers of its captions."""
    found: list[list[int]] = [[] for _ in dataset.item_ids]
    for caption, item in enumerate(dataset.caption_items):
        found[int(item)].append(caption)
    return found


def _groups(dataset: Dataset) -> list[str]:
    """What must stay on one side of a split of one set."""
    if _has_families(dataset):
        return [f"family {facts['family']}" for facts in dataset.facts]
    return dataset.file_hashes


def _families(dataset: Dataset) -> list[str]:
    """What siblings share in any set, and no others do: the id of a drawn scene, split-seed-family-sibling, without its
    end; pictures that are no scenes share it with none."""
    if _has_families(dataset):
        return [f"family {item_id.rpartition('-')[0]}" for item_id in dataset.item_ids]
    return dataset.file_hashes


def _has_families(dataset: Dataset) -> bool:
    return bool(dataset.facts) and all("family" in facts for facts in dataset.facts)


def _captioned(dataset: Dataset, field: str) -> Dataset:
    """The pictures that have a caption; BadInput where none has."""
    found = _where(dataset, np.bincount(dataset.caption_items, minlength=len(dataset.item_ids)) > 0)
    if not found.item_ids:
        raise BadInput("no pictures with captions are in this data set", field=field)
    return found


def _where(dataset: Dataset, mask_N: np.ndarray) -> Dataset:
    return subset(dataset, np.flatnonzero(mask_N).tolist())
