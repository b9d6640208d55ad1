"""Writes what a ranking leaves: every query's outcome, the ids of the queries, the tables behind the plots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.datasets.cases import write_cases
from ml_core.datasets.types import Dataset
from ml_core.events import Artifact, Cases, Event, Provenance
from ml_core.retrieval import report
from ml_core.retrieval.report import Direction


def query_ids(way: Direction, dataset: Dataset) -> list[str]:
    """The id of each query: a caption's for text→picture, a picture's for picture→text."""
    ids = dataset.caption_ids if way.name == "t2i" else dataset.item_ids
    return [ids[number] for number in way.ranked.query_Q]


def hash_of(ids: list[str]) -> str:
    """SHA-256 (hex) of queries' ids in their order: runs of the same queries have the same."""
    return hashlib.sha256(json.dumps(ids, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def outcomes(
    ways: list[Direction], ids: list[list[str]], keep: int, out: Path, numbers_Q: np.ndarray | None = None
) -> Iterator[Event]:
    """cases.parquet and queries.parquet: the queries of one direction after the other, numbered through unless
    `numbers_Q` says how."""
    sizes = [len(way.ranked.query_Q) for way in ways]
    numbers_Q = np.arange(sum(sizes)) if numbers_Q is None else numbers_Q
    parts = np.split(numbers_Q, np.cumsum(sizes)[:-1])
    cases = [report.case_table(way, keep, part) for way, part in zip(ways, parts, strict=True)]
    yield Cases("cases.parquet", write_cases(out / "cases.parquet", cases))
    names = pa.table({"number": pa.array(numbers_Q, pa.int32()), "id": [name for part in ids for name in part]})
    pq.write_table(names, out / "queries.parquet", compression="zstd")
    yield Provenance({"queries": {way.name: hash_of(own) for way, own in zip(ways, ids, strict=True)}})
    yield Artifact("queries.parquet", "Ids of the queries", "data", "application/vnd.apache.parquet")


def plots(ways: list[Direction], resamples: int, seed: int, out: Path) -> Iterator[Event]:
    """Recall by depth, ranks of right answers and score margins."""
    yield from plot("recall_curve", "Recall by depth", report.recall_curve(ways, resamples, seed), out)
    yield from plot("rank_histogram", "Ranks of right answers", report.rank_histogram(ways, resamples, seed), out)
    yield from plot("margin", "Score margins", report.margin_histogram(ways), out)


def plot(name: str, title: str, table: dict[str, Any], out: Path) -> Iterator[Event]:
    """One table that a plot is drawn from, as plots/NAME.json."""
    (out / "plots").mkdir(exist_ok=True)
    (out / "plots" / f"{name}.json").write_text(json.dumps(table, allow_nan=False), "utf-8")
    yield Artifact(f"plots/{name}.json", title, "plot", "application/json")
