"""Predicts the category of a caption from its words, learnt from labelled captions of other pictures."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ml_core.spec import BadInput

_ID_COLUMNS = ("caption_id", "id", "query")


@dataclass(frozen=True)
class Labels:
    """The categories of M captions: `names`, sorted, and each caption's place among them, -1 for none."""

    names: tuple[str, ...]
    label_M: np.ndarray


def read_labels(path: str, caption_ids: Sequence[str]) -> Labels:
    """A JSON file {"categories": {"t2i": {caption id: category}}}, or a CSV file with the columns id and category.

    BadInput (field "labels") where it holds none, or names a caption that the data set does not have.
    """
    category_of = _read(path)
    place_of = {name: place for place, name in enumerate(caption_ids)}
    if unknown := [name for name in category_of if name not in place_of]:
        shown = ", ".join(sorted(unknown)[:5])
        raise BadInput(
            f"the labels name {len(unknown):,} captions that the data set does not have: {shown}", field="labels"
        )
    names = tuple(sorted(set(category_of.values())))
    if len(names) < 2:
        raise BadInput(
            "labels of at least two categories are needed to tell them apart: name a whole analysis set of captions, "
            f"not one category of it; {Path(path).name} has {', '.join(names) or 'none'}",
            field="labels",
        )
    label_M = np.full(len(caption_ids), -1, dtype=np.int64)
    for name, category in category_of.items():
        label_M[place_of[name]] = names.index(category)
    return Labels(names, label_M)


def predicted(
    texts_M: Sequence[str], labels: Labels, items_M: np.ndarray, ids_N: Sequence[str], folds: int, seed: int
) -> np.ndarray:
    """The category of every caption, (M,), by a classifier that saw no label of a caption of the same picture.

    Pictures are split into `folds` by a hash of (seed, id); the captions of a fold are judged by what was learnt from
    the labels of all other folds. Logistic regression on TF-IDF of words and pairs of words, categories weighed alike.
    BadInput (field "labels") where a fold's others hold a single category.
    """
    fold_M = np.array([_fold(name, folds, seed) for name in ids_N])[items_M]
    labelled_M = labels.label_M >= 0
    texts = np.asarray(texts_M, dtype=object)
    found_M = np.empty(len(texts_M), dtype=np.int64)
    for fold in np.unique(fold_M):
        learn_M, judge_M = labelled_M & (fold_M != fold), fold_M == fold
        if len(np.unique(labels.label_M[learn_M])) < 2:
            raise BadInput(
                "there are too few labels: without one part of the pictures they hold a single category; use fewer "
                "parts (folds) or label more",
                field="labels",
            )
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            LogisticRegression(class_weight="balanced", max_iter=1000, C=10.0),
        )
        model.fit(texts[learn_M], labels.label_M[learn_M])
        found_M[judge_M] = model.predict(texts[judge_M])
    return found_M


def _fold(name: str, folds: int, seed: int) -> int:
    digest = hashlib.sha256(f"fold\0{seed}\0{name}".encode()).digest()
    return int.from_bytes(digest[:8], "little") % folds


def _read(path: str) -> dict[str, str]:
    try:
        text = Path(path).read_text("utf-8-sig")
        if not path.endswith(".json"):
            return _from_csv(text)
        content: Any = json.loads(text)
    except (OSError, ValueError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise BadInput(f"cannot read the labels {path}: {error}", field="labels") from error
    ways = content.get("categories") if isinstance(content, dict) else None
    found = ways.get("t2i") if isinstance(ways, dict) else None
    if not isinstance(found, dict) or not all(isinstance(category, str) for category in found.values()):
        raise BadInput(
            "there are no categories of captions here; wanted is a whole analysis set of text→image failures; freeze "
            "it again if it is older than this method",
            field="labels",
        )
    return found


def _from_csv(text: str) -> dict[str, str]:
    rows = list(csv.DictReader(io.StringIO(text)))
    column = next((name for name in _ID_COLUMNS if rows and name in rows[0]), None)
    if column is None or "category" not in rows[0]:
        raise ValueError("wanted are the columns id and category")
    return {row[column].strip(): row["category"].strip() for row in rows if row["category"]}
