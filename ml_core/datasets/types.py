"""The frozen data set: pictures in one fixed order, captions, categories, boxes, labels. Knows no file format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Task = Literal["retrieval", "classification"]
Int32 = np.ndarray
Float32 = np.ndarray


@dataclass(frozen=True, eq=False)
class Dataset:
    """N pictures with M captions, C categories and B boxes; every index below points into the frozen order (from 0).

    `open_bytes(n)` returns the original bytes of picture n. `file_hashes` are SHA-256 hex of those bytes. `labels` (N,)
    is the class of each picture in a classification set (index into `category_names`), else empty. `facts` holds, for
    drawn scenes, what is truly in each picture.
    """

    name: str
    task: Task
    item_ids: list[str]
    file_names: list[str]
    file_hashes: list[str]
    file_sizes: Int32
    widths: Int32
    heights: Int32
    caption_ids: list[str]
    caption_texts: list[str]
    caption_items: Int32
    category_ids: list[int]
    category_names: list[str]
    supercategories: list[str]
    box_items: Int32
    box_categories: Int32
    boxes_B4: Float32  # x, y, width, height in pixels of the original
    labels: Int32
    open_bytes: Callable[[int], bytes] = field(repr=False)
    facts: list[dict[str, Any]] = field(default_factory=list, repr=False)
    about: dict[str, Any] = field(default_factory=dict)  # source, licence, sampling, simulated: bool, domain phrase

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) over ids, file hashes, captions, categories, boxes and labels in their frozen order."""
        digest = hashlib.sha256()
        for part in (self.task, self.item_ids, self.file_hashes, self.caption_ids, self.caption_texts):
            digest.update(json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode())
        for names in (self.category_ids, self.category_names, self.supercategories):
            digest.update(json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode())
        for array in (self.caption_items, self.box_items, self.box_categories, self.labels):
            digest.update(np.ascontiguousarray(array, dtype="<i4").tobytes())
        digest.update(np.ascontiguousarray(self.boxes_B4, dtype="<f4").tobytes())
        return digest.hexdigest()


Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a source: what (`code`), where (`place`: file, line, id), in words, and what to do."""

    code: str  # missing-file, broken-picture, caption-without-picture, duplicate-id, duplicate-picture, ...
    place: str
    message: str
    severity: Severity = "warning"
