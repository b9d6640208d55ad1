"""Copies the rows of a frozen data set into partitions of their own, block by block. For workers and commands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import Any

import pyarrow.parquet as pq
from django.db.backends.base.base import BaseDatabaseWrapper

from ml_core.spec import BadInput
from ml_core.store import Store
from webapp.corpora.partitions import attach_partition, create_partition

ITEM_COLUMNS = (
    "corpus_id, number, external_id, file_name, file_hash, byte_count, width, height, label, category_numbers, boxes"
)
CAPTION_COLUMNS = "corpus_id, number, item_number, external_id, text"
Tell = Callable[[str, int, int], None]
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
BOX = "[%d,%.7g,%.7g,%.7g,%.7g]"  # seven digits are what a float32 holds
NOTHING = "\\N"  # how COPY writes NULL
INDEX_MEMORY = "192MB"
_BATCH = 8_192


def copy_rows(connection: BaseDatabaseWrapper, corpus_id: int, store: Store, prefix: str, tell: Tell) -> Counter[int]:
    """Fills and attaches the partitions of a data set; returns the number of pictures by category number.

    Runs in the caller's transaction. Memory is that of one block of rows, whatever the size of the set.
    """
    counts: Counter[int] = Counter()
    items = create_partition(connection, "corpora_item", corpus_id)
    _copy(connection, items, ITEM_COLUMNS, _item_lines(corpus_id, store, prefix, counts, tell))
    captions = create_partition(connection, "corpora_caption", corpus_id)
    _copy(connection, captions, CAPTION_COLUMNS, _caption_lines(corpus_id, store, prefix, tell))
    tell("Indexing", 0, 0)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL maintenance_work_mem = '{INDEX_MEMORY}'; SET LOCAL max_parallel_maintenance_workers = 2"
        )
    attach_partition(connection, "corpora_item", corpus_id)
    attach_partition(connection, "corpora_caption", corpus_id)
    return counts


def _copy(connection: BaseDatabaseWrapper, table: str, columns: str, blocks: Iterator[str]) -> None:
    statement = f"COPY {table} ({columns}) FROM STDIN WITH (FREEZE)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)


def _item_lines(corpus_id: int, store: Store, prefix: str, counts: Counter[int], tell: Tell) -> Iterator[str]:
    boxes = boxes_by_item(store, prefix)
    waiting = next(boxes, None)
    for batch, done, total in batches(store, f"{prefix}/items.parquet"):
        lines = []
        for number, identity, name, file_hash, size, width, height, label in zip(*batch, strict=True):
            numbers, marks = [label] if label >= 0 else [], "[]"
            if waiting is not None and waiting[0] == number:
                numbers, marks = numbers or waiting[1], waiting[2]
                waiting = next(boxes, None)
            counts.update(numbers)
            what = f"{_escaped(identity)}\t{_escaped(name)}\t{file_hash}\t{size}\t{width}\t{height}"
            classes = f"{label if label >= 0 else NOTHING}\t{{{','.join(map(str, numbers))}}}"
            lines.append(f"{corpus_id}\t{number}\t{what}\t{classes}\t{marks}\n")
        tell("Writing pictures' rows", done, total)
        yield "".join(lines)
    if waiting is not None:
        raise BadInput(f"{prefix}: boxes are not in the order of their pictures", field="dataset")


def _caption_lines(corpus_id: int, store: Store, prefix: str, tell: Tell) -> Iterator[str]:
    for batch, done, total in batches(store, f"{prefix}/captions.parquet"):
        rows = zip(*batch, strict=True)
        tell("Writing captions", done, total)
        yield "".join(
            [
                f"{corpus_id}\t{number}\t{item}\t{_escaped(identity)}\t{_escaped(text)}\n"
                for number, item, identity, text in rows
            ]
        )


def boxes_by_item(store: Store, prefix: str) -> Iterator[tuple[int, list[int], str]]:
    """(picture, categories in ascending order, boxes as JSON) of every picture that has boxes."""
    rows = chain.from_iterable(
        zip(batch[0], batch[1], map(BOX.__mod__, zip(*batch[1:], strict=True)), strict=True)
        for batch, _, _ in batches(store, f"{prefix}/boxes.parquet")
    )
    for item, group in groupby(rows, key=itemgetter(0)):
        mine = list(group)
        yield item, sorted({box[1] for box in mine}), f"[{','.join([box[2] for box in mine])}]"


def batches(store: Store, key: str) -> Iterator[tuple[list[list[Any]], int, int]]:
    """(columns, rows done, rows in all), without the facts of scenes, which no row holds."""
    with store.open(key) as file, pq.ParquetFile(file, memory_map=False) as table:
        total = table.metadata.num_rows
        columns = [name for name in table.schema_arrow.names if name != "facts"]
        done = 0
        for batch in table.iter_batches(_BATCH, columns=columns):
            done += batch.num_rows
            yield [column.to_pylist() for column in batch.columns], done, total


def _escaped(text: str) -> str:
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPES)
