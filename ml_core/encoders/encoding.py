"""Encodes a whole data set into the cache, chunk by chunk: goes on where it was killed, says how fast it is."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ml_core.datasets.decoding import BrokenPicture
from ml_core.datasets.types import Dataset
from ml_core.encoders.types import Encoder, Recorded
from ml_core.events import Event, Log, Progress
from ml_core.spec import BadInput, Context, Stopped
from ml_core.store import Store
from ml_core.store.embeddings import EmbeddingCache, Kind, Refused

AHEAD = 2  # batches that are decoded before they are needed


def encode_dataset(
    dataset: Dataset, encoder: Encoder | Recorded, store: Store, context: Context
) -> Generator[Event, None, tuple[np.ndarray, np.ndarray]]:
    """Use as `images_NE, texts_ME = yield from encode_dataset(…)`: float32 of unit length, in the frozen order.

    What the store holds already is verified and used; the rest is encoded and kept, one chunk at a time. A chunk's
    batches do not depend on what was there before, so a resumed encoding equals an uninterrupted one to the last bit.
    Raises Stopped between batches when asked to stop, BadInput for a picture that cannot be decoded.
    """
    if isinstance(encoder, Recorded):
        images_NE, texts_ME = encoder.look_up(dataset)
        yield Log(f"embeddings read from the file for {len(images_NE):,} pictures and {len(texts_ME):,} texts")
        return images_NE, texts_ME
    model = f"{encoder.model_id}@{encoder.revision}"
    cache = EmbeddingCache(store, dataset.content_hash, model, encoder.preprocessing_hash)
    images_NE = yield from _encode(_Pictures(dataset, encoder, context), cache, encoder, context)
    texts_ME = yield from _encode(_Texts(dataset.caption_texts, encoder), cache, encoder, context)
    return images_NE, texts_ME


def encode_texts(
    texts: Sequence[str], encoder: Encoder, store: Store, context: Context
) -> Generator[Event, None, np.ndarray]:
    """Use as `texts_ME = yield from encode_texts(…)`: any list of texts, cached by what they say and in which order.

    float32 of unit length, as `encode_dataset` gives them for captions, and as resumable. A Progress without a rate
    tells of what came from the cache.
    """
    content = hashlib.sha256(json.dumps(["texts", *texts], ensure_ascii=False).encode()).hexdigest()
    model = f"{encoder.model_id}@{encoder.revision}"
    cache = EmbeddingCache(store, content, model, encoder.preprocessing_hash)
    texts_ME = yield from _encode(_Texts(texts, encoder), cache, encoder, context)
    return texts_ME


class _Pictures:
    """One side of the work: `rows(start, stop)` yields (positions within the chunk, embeddings) a batch at a time."""

    kind: Kind = "images"
    unit = "pictures"

    def __init__(self, dataset: Dataset, encoder: Encoder, context: Context):
        self.count, self._dataset, self._encoder = len(dataset.item_ids), dataset, encoder
        self._workers = context.workers

    def rows(self, start: int, stop: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        size = self._encoder.image_batch
        done = 0
        prepare, numbers = self._encoder.prepare_bytes, range(start, stop)
        for batch in decoded_batches(self._dataset, numbers, size, prepare, self._workers):
            yield np.arange(done, done + len(batch)), self._encoder.encode_images(batch)
            done += len(batch)


class _Texts:
    """The other side: texts of like length share a batch, so that little is spent on padding."""

    kind: Kind = "texts"
    unit = "texts"

    def __init__(self, texts: Sequence[str], encoder: Encoder):
        self.count, self._texts, self._encoder = len(texts), texts, encoder

    def rows(self, start: int, stop: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        chunk = self._texts[start:stop]
        order = np.argsort([len(text) for text in chunk], kind="stable")
        for at in range(0, len(chunk), self._encoder.text_batch):
            positions = order[at : at + self._encoder.text_batch]
            yield positions, self._encoder.encode_texts([chunk[position] for position in positions])


@dataclass
class _Pace:
    """Rate and remaining time of what is really being encoded; what came from the cache does not count."""

    stage: str
    total: int
    unit: str
    done: int = 0
    fresh: int = 0
    since: float = field(default_factory=time.monotonic)

    def advance(self, rows: int, *, fresh: bool) -> Progress:
        self.done += rows
        self.fresh += rows if fresh else 0
        spent = time.monotonic() - self.since
        rate = self.fresh / spent if self.fresh and spent > 0 else None
        eta = (self.total - self.done) / rate if rate else None
        return Progress(self.stage, self.done, self.total, self.unit, rate, eta)


def _encode(
    side: _Pictures | _Texts, cache: EmbeddingCache, encoder: Encoder, context: Context
) -> Generator[Event, None, np.ndarray]:
    rows_NE = np.empty((side.count, encoder.dim), np.float32)
    pace = _Pace(f"Encoding {side.unit}", side.count, side.unit)
    missing = []
    for start, stop in cache.chunks(side.kind, side.count):
        try:
            kept = cache.read(side.kind, start, stop)
        except Refused as problem:
            yield Log(f"the cache was refused and is computed again: {problem}", "warning")
            kept = None
        if kept is None or kept.shape[1] != encoder.dim:
            missing.append((start, stop))
            continue
        rows_NE[start:stop] = kept
        yield pace.advance(stop - start, fresh=False)
    pace.since = time.monotonic()
    for start, stop in missing:
        left = stop - start
        for positions, batch_BE in side.rows(start, stop):
            if not np.isfinite(batch_BE).all():
                raise BadInput(f"the encoder gave NaN or infinity for {side.unit} from {start} on", field="encoder")
            rows_NE[start + positions] = batch_BE
            yield pace.advance(len(positions), fresh=True)
            left -= len(positions)
            if left and context.stop():
                raise Stopped(f"stopped after {pace.done:,} of {side.count:,} {side.unit}; finished chunks are kept")
        cache.write(side.kind, start, rows_NE[start:stop])
        if context.stop():
            raise Stopped(f"stopped after {pace.done:,} of {side.count:,} {side.unit}; all of them are kept")
    return rows_NE


def decoded_batches(
    dataset: Dataset, numbers: Sequence[int], size: int, prepare: Callable[[bytes], np.ndarray], workers: int
) -> Iterator[list[np.ndarray]]:
    """Pictures in the order of `numbers`, `size` at a time, decoded by `workers` threads AHEAD batches ahead.

    Pillow lets go of the interpreter while it decodes and resizes, so threads use the cores and memory stays bounded.
    """

    def one(number: int) -> np.ndarray:
        try:
            return prepare(dataset.open_bytes(number))
        except BrokenPicture as error:
            raise BadInput(f"{dataset.file_names[number]}: {error}", field="data") from error

    batches = [numbers[at : at + size] for at in range(0, len(numbers), size)]
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="decode")
    waiting: deque[list[Future[np.ndarray]]] = deque()
    try:
        for batch in batches:
            waiting.append([pool.submit(one, number) for number in batch])
            if len(waiting) > AHEAD:
                yield [future.result() for future in waiting.popleft()]
        while waiting:
            yield [future.result() for future in waiting.popleft()]
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
