"""What every retrieval method does first: opens a captioned data set, says what it rests on, makes unit vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from ml_core.metrics.ranking import id_order
from ml_core.retrieval.pairs import Pairs, unit_rows
from ml_core.spec import BadInput


def open_captioned(reference: str) -> Dataset:
    """A data set with at least two captioned pictures; BadInput (field "data") where it is none."""
    try:
        dataset = open_dataset(reference)
    except BadInput as error:
        raise BadInput(str(error), field="data") from error
    captioned = len(np.unique(dataset.caption_items))
    if captioned < 2:
        raise BadInput(
            f"retrieval needs at least two pictures with captions; {reference} has {len(dataset.item_ids)} pictures, "
            f"{captioned} of them with captions",
            field="data",
        )
    return dataset


def facts(dataset: Dataset, encoder: Any) -> dict[str, Any]:
    """What the numbers depend on, for a Provenance event."""
    return {
        "data": dataset.name,
        "data_hash": dataset.content_hash,
        "pictures": len(dataset.item_ids),
        "captions": len(dataset.caption_ids),
        "simulated": bool(dataset.about.get("simulated", False)),
        "model": encoder.model_id,
        "model_revision": encoder.revision,
        "preprocessing_hash": encoder.preprocessing_hash,
    }


def pairs_of(dataset: Dataset, images_NE: np.ndarray, texts_ME: np.ndarray) -> Pairs:
    """Embeddings as unit vectors in the data set's order; BadInput (field "encoder") where they cannot be."""
    if images_NE.ndim != 2 or texts_ME.ndim != 2 or images_NE.shape[1] != texts_ME.shape[1]:
        raise BadInput(
            f"pictures and texts must have vectors of one length; they are {images_NE.shape} and {texts_ME.shape}",
            field="encoder",
        )
    for what, rows in (("picture", images_NE), ("text", texts_ME)):
        if not np.isfinite(rows).all():
            bad = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
            raise BadInput(f"the vector of {what} {bad} is not finite (NaN or infinity)", field="encoder")
    try:
        images_NE, texts_ME = unit_rows(images_NE), unit_rows(texts_ME)
    except ValueError as error:
        raise BadInput(f"a vector has no direction: {error}", field="encoder") from error
    items_M = np.asarray(dataset.caption_items, dtype=np.int64)
    return Pairs(images_NE, texts_ME, items_M, id_order(dataset.item_ids), id_order(dataset.caption_ids))
