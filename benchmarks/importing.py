"""Importing the rows of 118,000 pictures and 590,000 captions beside four data sets: our COPY, the ORM, bare COPY."""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from django.db import connection, transaction

from benchmarks._database import database
from benchmarks.harness import Row, interleaved, peak_mib
from ml_core.datasets.frozen import write_tables
from ml_core.datasets.types import Dataset
from ml_core.store import Store
from webapp.corpora import rows as ours
from webapp.corpora.models import Caption, Item
from webapp.corpora.partitions import attach_partition, create_partition, drop_partition

PICTURES, CAPTIONS_EACH, CATEGORIES = 118_000, 5, 80
ALREADY = 4  # data sets that the tables hold before
BATCH = 2_000  # rows of a bulk_create: more makes it no faster here
MEMORY_LIMIT = 64.0  # MiB beyond what the process holds, whatever the size of the set
WORDS = [
    "a",
    "an",
    "the",
    "man",
    "woman",
    "dog",
    "cat",
    "bus",
    "street",
    "table",
    "red",
    "small",
    "two",
    "three",
    "sitting",
    "standing",
    "riding",
    "holding",
    "near",
    "with",
    "on",
    "of",
    "in",
    "front",
    "behind",
    "plate",
    "pizza",
    "ball",
    "field",
    "beach",
    "water",
    "sky",
    "tree",
    "kitchen",
    "room",
    "phone",
    "laptop",
    "horse",
    "train",
    "sign",
]


def measure(quick: bool) -> list[Row]:
    count = PICTURES // 20 if quick else PICTURES
    with database(), tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        for name, size in (("whole", count), ("quarter", count // 4)):
            write_tables(_made_up(size), store, name, name=name)
        for number in range(1, ALREADY + 1):
            with transaction.atomic():
                _copied(store, "whole", number)
        return [*_speed(store, count, quick), _memory(store, count), _readers(store)]


def _speed(store: Store, count: int, quick: bool) -> list[Row]:
    contenders: dict[str, Callable[[], Any]] = {
        "ours": lambda: _rolled_back(lambda: _copied(store, "whole", 100)),
        "bulk_create": lambda: _rolled_back(lambda: _bulk_created(store, "whole", 101)),
        "bare": lambda: _rolled_back(lambda: _bare(store, "whole", 102)),
    }
    took = interleaved(contenders, 3 if quick else 1, 1 if quick else 0)
    work = f"import of {count:,} pictures and {count * CAPTIONS_EACH:,} captions beside {ALREADY} sets as large"
    note = "indexed and attached, in one transaction"
    return [
        Row(work, "naive", "ORM bulk_create", took["ours"], took["bulk_create"], None if quick else 8.0, note=note),
        Row(work, "bound", "bare COPY, no index", took["ours"], took["bare"], note=note),
    ]


def _memory(store: Store, count: int) -> Row:
    """Peak of the import of the whole against a limit that knows nothing of its size."""
    _rolled_back(lambda: _copied(store, "quarter", 103))
    quarter = peak_mib(lambda: _rolled_back(lambda: _copied(store, "quarter", 104))) or 0.0
    whole = peak_mib(lambda: _rolled_back(lambda: _copied(store, "whole", 105))) or 0.0
    work = f"memory of that import ({count // 4:,} pictures: {quarter:.0f} MiB)"
    return Row(work, "limit", f"{MEMORY_LIMIT:.0f} MiB", whole, MEMORY_LIMIT, 1.0, unit="MiB")


def _readers(store: Store) -> Row:
    """The longest that somebody who reads another data set waits while one comes in."""
    waits: list[float] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            begun = time.perf_counter()
            list(Caption.objects.filter(corpus_id=1, item_number=7).values_list("text", flat=True))
            waits.append(time.perf_counter() - begun)
            time.sleep(0.002)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    begun = time.perf_counter()
    with transaction.atomic():
        _copied(store, "whole", 106)
    took = time.perf_counter() - begun
    over.set()
    reader.join()
    with transaction.atomic():
        _dropped(106)
    note = f"the longest of {len(waits):,} reads of another set meanwhile"
    return Row("a reader's wait while a set comes in", "limit", "the import itself", max(waits), took, 0.5, note=note)


def _copied(store: Store, prefix: str, corpus: int) -> None:
    ours.copy_rows(connection, corpus, store, prefix, lambda stage, done, total: None)


def _bare(store: Store, prefix: str, corpus: int) -> None:
    """The same rows through the same COPY into tables without any index, never attached: what the wire costs."""
    attach = ours.attach_partition
    ours.attach_partition = lambda *anything: None
    try:
        _copied(store, prefix, corpus)
    finally:
        ours.attach_partition = attach


def _bulk_created(store: Store, prefix: str, corpus: int) -> None:
    """The same rows as model objects, into partitions that stand ready with their indexes."""
    for parent in ("corpora_item", "corpora_caption"):
        create_partition(connection, parent, corpus)
        attach_partition(connection, parent, corpus)
    boxes = {item: json.loads(marks) for item, _, marks in ours.boxes_by_item(store, prefix)}
    for columns, _, _ in ours.batches(store, f"{prefix}/items.parquet"):
        Item.objects.bulk_create((_item(corpus, row, boxes) for row in zip(*columns, strict=True)), BATCH)
    for columns, _, _ in ours.batches(store, f"{prefix}/captions.parquet"):
        Caption.objects.bulk_create(
            (
                Caption(corpus_id=corpus, number=number, item_number=item, external_id=identity, text=text)
                for number, item, identity, text in zip(*columns, strict=True)
            ),
            BATCH,
        )


def _item(corpus: int, row: tuple[Any, ...], boxes: dict[int, list[list[float]]]) -> Item:
    number, identity, name, file_hash, size, width, height, _ = row
    mine = boxes.get(number, [])
    return Item(
        corpus_id=corpus,
        number=number,
        external_id=identity,
        file_name=name,
        file_hash=file_hash,
        byte_count=size,
        width=width,
        height=height,
        category_numbers=sorted({int(box[0]) for box in mine}),
        boxes=mine,
    )


def _rolled_back(work: Callable[[], None]) -> None:
    with _nothing_stays():
        work()


@contextmanager
def _nothing_stays() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _dropped(corpus: int) -> None:
    for parent in ("corpora_item", "corpora_caption"):
        drop_partition(connection, parent, corpus)


def _made_up(count: int) -> Dataset:
    """A data set of COCO's proportions: seven boxes a picture, captions of eight to fourteen words."""
    dice, arrays = random.Random(7), np.random.default_rng(7)
    box_items = np.repeat(np.arange(count, dtype=np.int32), arrays.poisson(7, count))
    weights = 1 / np.arange(1, CATEGORIES + 1)
    names = [f"{number:012d}.jpg" for number in range(count)]
    texts = [" ".join(dice.choices(WORDS, k=dice.randint(8, 14))) for _ in range(count * CAPTIONS_EACH)]
    return Dataset(
        name="made up",
        task="retrieval",
        item_ids=[str(number) for number in range(count)],
        file_names=names,
        file_hashes=[f"{dice.getrandbits(256):064x}" for _ in names],
        file_sizes=arrays.integers(50_000, 300_000, count, dtype=np.int32),
        widths=np.full(count, 640, np.int32),
        heights=np.full(count, 480, np.int32),
        caption_ids=[str(number) for number in range(len(texts))],
        caption_texts=texts,
        caption_items=np.repeat(np.arange(count, dtype=np.int32), CAPTIONS_EACH),
        category_ids=list(range(CATEGORIES)),
        category_names=[f"category {number}" for number in range(CATEGORIES)],
        supercategories=[""] * CATEGORIES,
        box_items=box_items,
        box_categories=arrays.choice(CATEGORIES, len(box_items), p=weights / weights.sum()).astype(np.int32),
        boxes_B4=arrays.uniform(0, 400, (len(box_items), 4)).astype(np.float32),
        labels=np.array([], dtype=np.int32),
        open_bytes=lambda number: b"",
    )
