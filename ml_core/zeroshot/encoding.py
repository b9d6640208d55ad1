"""Pictures and texts of a classification set as vectors: pictures from the cache, every distinct text once."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ml_core.datasets.types import Dataset
from ml_core.encoders.encoding import encode_dataset, encode_texts
from ml_core.encoders.types import Encoder, Recorded
from ml_core.events import Event
from ml_core.spec import BadInput, Context
from ml_core.store import Store
from ml_core.zeroshot.vectors import Texts, unit

LOGIT_SCALE = 100.0  # of models that have none of their own: what CLIP's grows to


def encode_classification(
    dataset: Dataset, encoder: Encoder | Recorded, groups: Sequence[Sequence[str]], store: Store, context: Context
) -> Generator[Event, None, tuple[np.ndarray, list[Texts]]]:
    """Use as `images_NE, (prompts, captions) = yield from encode_classification(…)`: unit vectors, float32.

    Each group of texts is cached by its content, so that a run with other captions encodes those alone. Recorded
    embeddings name a text by itself (`text_ids` are the texts). BadInput (field "encoder") for a vector that is not
    finite or has no direction.
    """
    distinct = [list(dict.fromkeys(group)) for group in groups]
    if isinstance(encoder, Recorded):
        images_NE, rows = _recorded(dataset, encoder, distinct)
    else:
        bare = replace(dataset, caption_ids=[], caption_texts=[], caption_items=np.array([], np.int32))
        images_NE, _ = yield from encode_dataset(bare, encoder, store, context)
        rows = []
        for texts in distinct:
            rows.append((yield from encode_texts(texts, encoder, store, context)))
    _check(images_NE, rows)
    return images_NE, [
        Texts({text: place for place, text in enumerate(texts)}, vectors_UE)
        for texts, vectors_UE in zip(distinct, rows, strict=True)
    ]


def logit_scale(encoder: Any) -> tuple[float, str]:
    """By how much the model multiplies cosines before a softmax, and whose figure that is: "model" or "assumed"."""
    scale = getattr(getattr(encoder, "model", None), "logit_scale", None)
    return (float(scale.exp()), "model") if scale is not None else (LOGIT_SCALE, "assumed")


def _recorded(
    dataset: Dataset, encoder: Recorded, groups: Sequence[Sequence[str]]
) -> tuple[np.ndarray, list[np.ndarray]]:
    texts = list(dict.fromkeys(text for group in groups for text in group))
    named = replace(dataset, caption_ids=texts, caption_texts=texts, caption_items=np.zeros(len(texts), np.int32))
    images_NE, texts_UE = encoder.look_up(named)
    place = {text: number for number, text in enumerate(texts)}
    return images_NE, [texts_UE[[place[text] for text in group]] for group in groups]


def _check(images_NE: np.ndarray, rows: Sequence[np.ndarray]) -> None:
    for what, vectors_NE in (("picture", images_NE), *(("text", part) for part in rows)):
        bad_N = ~np.isfinite(vectors_NE).all(axis=1) | ~vectors_NE.any(axis=1)
        if bad_N.any():
            raise BadInput(
                f"the vector of {what} {int(np.flatnonzero(bad_N)[0])} is not finite or has no direction",
                field="encoder",
            )
        if np.abs(np.linalg.norm(vectors_NE, axis=1) - 1).max(initial=0) > 1e-3:
            vectors_NE[:] = unit(vectors_NE)
