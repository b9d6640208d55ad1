"""What a look at a source found, small enough to be kept with the import and shown before anything is written."""

from __future__ import annotations

import base64
import io
from collections import Counter
from typing import Any

import numpy as np

from ml_core.datasets.decoding import decode_rgb
from ml_core.datasets.types import Dataset, Problem

PROBLEMS_KEPT = 2_000
EXAMPLES = 12
_EDGE = 240  # pixels of an example


def preview_of(dataset: Dataset, problems: list[Problem]) -> dict[str, Any]:
    """Counts, examples with small pictures, the commonest categories, and every problem up to PROBLEMS_KEPT."""
    errors = sum(problem.severity == "error" for problem in problems)
    return {
        "name": dataset.name,
        "task": dataset.task,
        "content_hash": dataset.content_hash,
        "items": len(dataset.item_ids),
        "captions": len(dataset.caption_ids),
        "boxes": len(dataset.box_items),
        "categories": len(dataset.category_ids),
        "bytes": int(np.sum(dataset.file_sizes, dtype=np.int64)),
        "captions_an_item": _captions_an_item(dataset),
        "commonest": _commonest(dataset),
        "examples": _examples(dataset),
        "errors": errors,
        "warnings": len(problems) - errors,
        "problem_counts": _counted(problems),
        "problems": [
            [problem.severity, problem.code, problem.place[:300], problem.message[:500]]
            for problem in sorted(problems, key=lambda problem: problem.severity)[:PROBLEMS_KEPT]
        ],
        "about": dataset.about,
    }


def _captions_an_item(dataset: Dataset) -> list[int]:
    """Fewest and most captions of a picture."""
    counts = np.bincount(dataset.caption_items, minlength=len(dataset.item_ids))
    return [int(counts.min()), int(counts.max())] if len(counts) else [0, 0]


def _commonest(dataset: Dataset) -> list[list[Any]]:
    """[name, pictures] of the ten commonest categories."""
    if len(dataset.labels):
        counts = np.bincount(dataset.labels, minlength=len(dataset.category_names))
    else:
        pairs = np.unique(np.stack([dataset.box_items, dataset.box_categories]), axis=1)
        counts = np.bincount(pairs[1], minlength=len(dataset.category_names))
    order = np.argsort(-counts, kind="stable")[:10]
    return [[dataset.category_names[n], int(counts[n])] for n in order if counts[n]]


def _examples(dataset: Dataset) -> list[dict[str, Any]]:
    count = len(dataset.item_ids)
    numbers = sorted({int(n) for n in np.linspace(0, count - 1, min(EXAMPLES, count))})
    captions: dict[int, str] = {}
    for text, item in zip(dataset.caption_texts, dataset.caption_items.tolist(), strict=True):
        if item in numbers:
            captions.setdefault(item, text)
    return [
        {
            "file_name": dataset.file_names[n],
            "width": int(dataset.widths[n]),
            "height": int(dataset.heights[n]),
            "text": captions.get(n) or (dataset.category_names[dataset.labels[n]] if len(dataset.labels) else ""),
            "src": _thumbnail(dataset.open_bytes(n)),
        }
        for n in numbers
    ]


def _thumbnail(data: bytes) -> str:
    image = decode_rgb(data, _EDGE)
    image.thumbnail((_EDGE, _EDGE))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=70, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


def _counted(problems: list[Problem]) -> list[list[Any]]:
    """[severity, code, how many], errors first, then the commonest."""
    counts = Counter((problem.severity, problem.code) for problem in problems)
    return [[*key, n] for key, n in sorted(counts.items(), key=lambda entry: (entry[0][0], -entry[1]))]
