"""Writes and reads frozen data sets: a manifest with the content hash, three tables, the original pictures by hash."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.datasets.checking import Look
from ml_core.datasets.reading import unknown_options
from ml_core.datasets.sampling import order_table
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput
from ml_core.store import Store

PREFIX = "frozen"
LABEL = "frozen data set"
FORMAT = "nearmiss-dataset-1"
MANIFEST = "frozen.json"
_ROWS = 16_384  # a row group: what an import holds in memory at once

ITEMS = pa.schema(
    [
        ("number", pa.int32()),
        ("id", pa.string()),
        ("file_name", pa.string()),
        ("hash", pa.string()),
        ("size", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("label", pa.int32()),
        ("facts", pa.string()),
    ]
)
CAPTIONS = pa.schema([("number", pa.int32()), ("item", pa.int32()), ("id", pa.string()), ("text", pa.string())])
BOXES = pa.schema(
    [
        ("item", pa.int32()),
        ("category", pa.int32()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("width", pa.float32()),
        ("height", pa.float32()),
    ]
)


def read(path: str, options: dict[str, str]) -> tuple[Dataset, list[Problem]]:
    """The frozen data set at a store's address; BadInput where it is not whole. It never has problems."""
    unknown_options(options, {"seed"})
    root, _, prefix = path.rstrip("/").rpartition("/")
    return read_frozen(Store(root or ("/" if path.startswith("/") else ".")), prefix), []


def read_frozen(store: Store, prefix: str) -> Dataset:
    """The frozen data set under `prefix`, verified by its content hash; pictures are verified as they are opened."""
    manifest = read_manifest(store, prefix)
    try:
        items = _table(store, f"{prefix}/items.parquet", ITEMS)
        captions = _table(store, f"{prefix}/captions.parquet", CAPTIONS)
        boxes = _table(store, f"{prefix}/boxes.parquet", BOXES)
    except (FileNotFoundError, pa.ArrowException, OSError) as error:
        raise BadInput(f"{prefix}: a table of the frozen data set cannot be read: {error}", field="dataset") from error
    hashes = items["hash"].to_pylist()
    facts = [json.loads(text) for text in items["facts"].to_pylist() if text is not None]
    dataset = Dataset(
        name=manifest["name"],
        task=manifest["task"],
        item_ids=items["id"].to_pylist(),
        file_names=items["file_name"].to_pylist(),
        file_hashes=hashes,
        file_sizes=_numbers(items, "size"),
        widths=_numbers(items, "width"),
        heights=_numbers(items, "height"),
        caption_ids=captions["id"].to_pylist(),
        caption_texts=captions["text"].to_pylist(),
        caption_items=_numbers(captions, "item"),
        category_ids=[category["id"] for category in manifest["categories"]],
        category_names=[category["name"] for category in manifest["categories"]],
        supercategories=[category["supercategory"] for category in manifest["categories"]],
        box_items=_numbers(boxes, "item"),
        box_categories=_numbers(boxes, "category"),
        boxes_B4=np.stack([boxes[name].to_numpy() for name in ("x", "y", "width", "height")], axis=1).astype("f4"),
        labels=_numbers(items, "label") if manifest["task"] == "classification" else np.array([], dtype=np.int32),
        open_bytes=_opener(store, prefix, hashes),
        facts=facts,
        about=manifest["about"],
    )
    if dataset.content_hash != manifest["content_hash"]:
        raise BadInput(f"{prefix}: its tables do not match its content hash: changed or damaged", field="dataset")
    return dataset


def read_manifest(store: Store, prefix: str) -> dict[str, Any]:
    """`frozen.json`: format, name, task, content_hash, counts, categories, about."""
    try:
        manifest = json.loads(store.read_bytes(f"{prefix}/{MANIFEST}"))
    except FileNotFoundError:
        raise BadInput(f"{prefix}: there is no {MANIFEST} in it: not a frozen data set", field="dataset") from None
    except ValueError as error:
        raise BadInput(f"{prefix}/{MANIFEST}: broken JSON: {error}", field="dataset") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BadInput(f"{prefix}/{MANIFEST}: not in the format {FORMAT}", field="dataset")
    missing = {"name", "task", "content_hash", "categories", "about", "counts"} - set(manifest)
    if missing:
        raise BadInput(f"{prefix}/{MANIFEST}: missing: {', '.join(sorted(missing))}", field="dataset")
    return manifest


def write_frozen(
    dataset: Dataset, store: Store, prefix: str, *, look: Look | None = None, name: str = ""
) -> dict[str, Any]:
    """Writes a data set under `prefix` and returns its manifest, which is written last: with it, the set is whole.

    Pictures that are there already with the right size are not written again, so a killed writing goes on where it was.
    BadInput where a picture's bytes are no longer those that were looked at.
    """
    look = look or Look()
    write_pictures(dataset, store, prefix, look)
    return write_tables(dataset, store, prefix, name=name or dataset.name)


def write_pictures(dataset: Dataset, store: Store, prefix: str, look: Look) -> None:
    """The original bytes of every picture as `pictures/HASH`, each once, those that are there left alone."""
    wanted: dict[str, int] = {}
    for number, file_hash in enumerate(dataset.file_hashes):
        wanted.setdefault(file_hash, number)
    there = set(store.list(f"{prefix}/pictures"))
    missing = [number for file_hash, number in wanted.items() if picture_key(prefix, file_hash) not in there]
    done = len(wanted) - len(missing)
    look.tell("Copying pictures", done, len(wanted))

    def copy(number: int) -> None:
        data = dataset.open_bytes(number)
        if hashlib.sha256(data).hexdigest() != dataset.file_hashes[number]:
            place = dataset.file_names[number]
            raise BadInput(f"{place}: the file was changed while it was being imported; start again", field="dataset")
        store.write_bytes(picture_key(prefix, dataset.file_hashes[number]), data)

    with ThreadPoolExecutor(look.workers) as pool:
        for start in range(0, len(missing), 64):
            list(pool.map(copy, missing[start : start + 64]))
            done += len(missing[start : start + 64])
            look.tell("Copying pictures", done, len(wanted))


def write_tables(dataset: Dataset, store: Store, prefix: str, *, name: str) -> dict[str, Any]:
    """The three tables, the frozen order (`meta_*.json`) and, last, the manifest, which is returned."""
    store.write_bytes(f"{prefix}/items.parquet", _parquet(ITEMS, _item_batches(dataset)))
    store.write_bytes(f"{prefix}/captions.parquet", _parquet(CAPTIONS, _caption_batches(dataset)))
    store.write_bytes(f"{prefix}/boxes.parquet", _parquet(BOXES, _box_batches(dataset)))
    store.write_bytes(f"{prefix}/{meta_name(dataset)}", _json(order_table(dataset)))
    categories = zip(dataset.category_ids, dataset.category_names, dataset.supercategories, strict=True)
    manifest = {
        "format": FORMAT,
        "name": name,
        "task": dataset.task,
        "content_hash": dataset.content_hash,
        "counts": {
            "items": len(dataset.item_ids),
            "captions": len(dataset.caption_ids),
            "categories": len(dataset.category_ids),
            "boxes": len(dataset.box_items),
            "bytes": int(np.sum(dataset.file_sizes, dtype=np.int64)),
        },
        "categories": [{"id": number, "name": text, "supercategory": above} for number, text, above in categories],
        "meta": meta_name(dataset),
        "about": dataset.about,
    }
    store.write_bytes(f"{prefix}/{MANIFEST}", _json(manifest))
    return manifest


def meta_name(dataset: Dataset) -> str:
    """`meta_COUNT.json`, or `meta_COUNT_seedS.json` for a sample."""
    seed = dataset.about.get("seed")
    count = len(dataset.item_ids)
    return f"meta_{count}_seed{seed}.json" if dataset.about.get("sample") else f"meta_{count}.json"


def picture_key(prefix: str, file_hash: str) -> str:
    """Where the store keeps a picture of a frozen set."""
    return f"{prefix}/pictures/{file_hash}"


def _opener(store: Store, prefix: str, hashes: list[str]) -> Callable[[int], bytes]:
    def open_bytes(number: int) -> bytes:
        try:
            data = store.read_bytes(picture_key(prefix, hashes[number]))
        except FileNotFoundError:
            raise BadInput(f"{prefix}: picture {number} ({hashes[number][:12]}…) is missing", field="dataset") from None
        if hashlib.sha256(data).hexdigest() != hashes[number]:
            raise BadInput(f"{prefix}: picture {number} does not match its hash; it was changed", field="dataset")
        return data

    return open_bytes


def _item_batches(dataset: Dataset) -> Iterator[dict[str, Any]]:
    count = len(dataset.item_ids)
    labels = dataset.labels if len(dataset.labels) else np.full(count, -1, dtype=np.int32)
    for start in range(0, count, _ROWS):
        part = slice(start, min(start + _ROWS, count))
        facts = [json.dumps(facts, ensure_ascii=False, sort_keys=True) for facts in dataset.facts[part]]
        yield {
            "number": np.arange(part.start, part.stop, dtype=np.int32),
            "id": dataset.item_ids[part],
            "file_name": dataset.file_names[part],
            "hash": dataset.file_hashes[part],
            "size": dataset.file_sizes[part],
            "width": dataset.widths[part],
            "height": dataset.heights[part],
            "label": labels[part],
            "facts": facts or [None] * (part.stop - part.start),
        }


def _caption_batches(dataset: Dataset) -> Iterator[dict[str, Any]]:
    count = len(dataset.caption_ids)
    for start in range(0, count, _ROWS):
        part = slice(start, min(start + _ROWS, count))
        yield {
            "number": np.arange(part.start, part.stop, dtype=np.int32),
            "item": dataset.caption_items[part],
            "id": dataset.caption_ids[part],
            "text": dataset.caption_texts[part],
        }


def _box_batches(dataset: Dataset) -> Iterator[dict[str, Any]]:
    for start in range(0, len(dataset.box_items), _ROWS):
        part = slice(start, start + _ROWS)
        x, y, width, height = np.asarray(dataset.boxes_B4[part], dtype=np.float32).T
        yield {
            "item": dataset.box_items[part],
            "category": dataset.box_categories[part],
            "x": x,
            "y": y,
            "width": width,
            "height": height,
        }


def _parquet(schema: pa.Schema, batches: Iterator[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, schema, compression="zstd") as writer:
        for batch in batches:
            arrays = [pa.array(batch[field.name], type=field.type) for field in schema]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return buffer.getvalue()


def _table(store: Store, key: str, schema: pa.Schema) -> pa.Table:
    with store.open(key) as file:
        return pq.read_table(file).select(schema.names).cast(schema)


def _numbers(table: pa.Table, column: str) -> np.ndarray:
    return np.ascontiguousarray(table[column].to_numpy(), dtype=np.int32)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode()
