"""Keeps encoders and embeddings of pictures in memory and answers probes: one JSON line in, one JSON line out.

`python -m ml_core.retrieval.warm` ends when its input does. It knows no database: a request names the data set, the
encoder and the embeddings that an evaluation left. Nothing heavy is loaded before a request needs it, and an encoder
only for a text that the cache does not hold.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Generic, TypeVar

import numpy as np

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from ml_core.encoders import load_encoder
from ml_core.metrics.ranking import id_order
from ml_core.retrieval.pairs import unit_rows
from ml_core.retrieval.probe import answer
from ml_core.spec import BadInput
from ml_core.store import Store
from ml_core.store.embeddings import EmbeddingCache, Kind, Refused

MIB = 2**20
PICTURES, ENCODERS = (1024 * MIB, 4), (4096 * MIB, 2)  # most bytes, most entries that are kept
Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """The things used last, at most so many bytes and entries of them; the newest always stays."""

    def __init__(self, most_bytes: int, most: int):
        self._most_bytes, self._most = most_bytes, most
        self._things: OrderedDict[str, tuple[Thing, int]] = OrderedDict()

    def get(self, key: str, make: Callable[[], tuple[Thing, int]]) -> Thing:
        """The thing of this key; made, with its size in bytes, where it is not there. The eldest then make room."""
        if key not in self._things:
            self._things[key] = make()
        self._things.move_to_end(key)
        while len(self._things) > 1 and (len(self._things) > self._most or self.byte_count > self._most_bytes):
            self._things.popitem(last=False)
        return self._things[key][0]

    @property
    def byte_count(self) -> int:
        """Bytes of everything that is kept."""
        return sum(size for _, size in self._things.values())

    def __contains__(self, key: str) -> bool:
        return key in self._things


@dataclass(frozen=True)
class Asked:
    """A request. `caption`: the number of the unchanged caption, whose vector is in the cache; None to encode `text`.

    `recorded` is what the evaluation said it used: data_hash, model, model_revision, preprocessing_hash.
    """

    data: str
    store: str
    encoder: str
    recorded: dict[str, Any]
    text: str
    right: int
    caption: int | None = None
    exact: bool = False
    precision: str = "auto"
    device: str = "cpu"


@dataclass(frozen=True)
class Pictures:
    """The pictures of a data set as an encoder sees them: (N, E) of unit length, their places in the order of ids."""

    images_NE: np.ndarray
    order_N: np.ndarray
    caption_count: int


class Warm:
    """What is kept between probes."""

    def __init__(self) -> None:
        self._pictures: Shelf[Pictures] = Shelf(*PICTURES)
        self._encoders: Shelf[Any] = Shelf(*ENCODERS)

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Rank, score, first answers, and how they came about. BadInput says why a probe cannot be answered."""
        began = time.monotonic()
        facts = asked.recorded
        model = f"{facts['model']}@{facts['model_revision']}"
        cache = EmbeddingCache(Store(asked.store), facts["data_hash"], model, facts["preprocessing_hash"])
        key = json.dumps([asked.store, asked.data, model, facts["preprocessing_hash"]])
        kept = key in self._pictures
        pictures = self._pictures.get(key, lambda: _pictures(asked, cache))
        opened = time.monotonic()
        if asked.caption is None:
            text_E, how = self._encoded(asked)
        else:
            text_E, how = _cached(cache, asked.caption, pictures.caption_count), {"source": "cache"}
        encoded = time.monotonic()
        found = answer(pictures.images_NE, pictures.order_N, text_E, asked.right)
        seconds = {"pictures": opened - began, "text": encoded - opened, "ranking": time.monotonic() - encoded}
        return vars(found) | how | {"pictures": len(pictures.images_NE), "kept": kept, "seconds": seconds}

    def _encoded(self, asked: Asked) -> tuple[np.ndarray, dict[str, Any]]:
        key = json.dumps([asked.encoder, asked.exact, asked.precision, asked.device])
        encoder = self._encoders.get(key, lambda: _encoder(asked))
        if encoder.revision != asked.recorded["model_revision"]:
            raise BadInput("the model has other weights now than those that the run used", field="text")
        text_E = unit_rows(encoder.encode_texts([asked.text]))[0]
        same = encoder.preprocessing_hash == asked.recorded["preprocessing_hash"]
        return text_E, {"source": "encoder", "same_preparation": same, "precision": getattr(encoder, "precision", "")}


def _pictures(asked: Asked, cache: EmbeddingCache) -> tuple[Pictures, int]:
    dataset: Dataset = open_dataset(asked.data)
    if dataset.content_hash != cache.dataset_hash:
        raise BadInput("the data set is not the one that the run was evaluated on", field="text")
    count = len(dataset.item_ids)
    images_NE = unit_rows(np.concatenate([_chunk(cache, "images", *one) for one in cache.chunks("images", count)]))
    return Pictures(images_NE, id_order(dataset.item_ids), len(dataset.caption_ids)), images_NE.nbytes


def _cached(cache: EmbeddingCache, caption: int, count: int) -> np.ndarray:
    """The vector of a caption (E,), from the chunk that holds it."""
    for start, stop in cache.chunks("texts", count):
        if start <= caption < stop:
            return unit_rows(_chunk(cache, "texts", start, stop)[caption - start][None])[0]
    raise BadInput(f"the data set has no caption {caption}", field="text")


def _chunk(cache: EmbeddingCache, kind: Kind, start: int, stop: int) -> np.ndarray:
    try:
        rows_NE = cache.read(kind, start, stop)
    except Refused as problem:
        raise BadInput(f"the run's embeddings are damaged ({problem}); run it again", field="text") from problem
    if rows_NE is None:
        raise BadInput("the run's embeddings are no longer kept; run it again", field="text")
    return rows_NE


def _encoder(asked: Asked) -> tuple[Any, int]:
    encoder = load_encoder(asked.encoder, asked.device, exact=asked.exact, precision=asked.precision)
    if not hasattr(encoder, "encode_texts"):
        raise BadInput("this run's encoder is a file of vectors: a changed caption cannot be encoded", field="encoder")
    model = getattr(encoder, "model", None)
    weights = model.parameters() if model is not None and hasattr(model, "parameters") else ()
    return encoder, sum(part.numel() * part.element_size() for part in weights)


def reply(warm: Warm, line: str) -> dict[str, Any]:
    """The answer to one line, or why there is none: `refused` in words for people, `failed` for a fault of ours."""
    try:
        return warm.answer(Asked(**json.loads(line)))
    except BadInput as problem:
        return {"refused": str(problem)}
    except MemoryError:
        raise
    except Exception as problem:  # noqa: BLE001  (whatever it is: the asker hears of it, and the next probe is answered)
        traceback.print_exc()
        return {"failed": f"{type(problem).__name__}: {problem}"[:500]}


def serve(lines: IO[str], out: IO[str]) -> None:
    """Answers line by line until there are no more."""
    warm = Warm()
    for line in lines:
        print(json.dumps(reply(warm, line), allow_nan=False), file=out, flush=True)


def main() -> None:
    """Standard input and output; whatever a library prints goes to the standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        serve(sys.stdin, out)


if __name__ == "__main__":
    main()
