"""Loads a run's cases from Parquet into a partition of its own by COPY. Heavy: for workers and tests alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.db import connection

from webapp.corpora.models import Caption, Item
from webapp.corpora.partitions import attach_partition, create_partition, drop_partition
from webapp.experiments.lifecycle import held
from webapp.experiments.models import RunInput

PARENT = "experiments_case"
COLUMNS = (
    'run_id, number, direction, unit, prompt_kind, prompt, prompt_text, answer_kind, "right", right_score, rank,'
    " margin, given, scores, category_numbers"
)
ROWS = 20_000  # rows held in memory at a time


def load_cases(run_id: int, attempt: int, parquet_path: str | Path) -> int:
    """Puts the cases of a running attempt in place of an earlier one's; Ghost where the run is not this attempt's."""
    count = 0
    with held(run_id, attempt):
        texts, categories = _looked_up(run_id)
        drop_partition(connection, PARENT, run_id)
        table = create_partition(connection, PARENT, run_id)
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
            for row in _rows(run_id, Path(parquet_path), texts, categories):
                copy.write_row(row)
                count += 1
        attach_partition(connection, PARENT, run_id)
    return count


def _looked_up(run_id: int) -> tuple[dict[int, str], dict[int, list[int]]]:
    """Captions by number, and the categories of pictures by number, of the data set that the run read."""
    corpus = (
        RunInput.objects.filter(run_id=run_id, corpus__isnull=False)
        .order_by("id")
        .values_list("corpus", flat=True)
        .first()
    )
    texts = dict(Caption.objects.filter(corpus_id=corpus).values_list("number", "text")) if corpus else {}
    categories = dict(Item.objects.filter(corpus_id=corpus).values_list("number", "category_numbers")) if corpus else {}
    return texts, categories


def _rows(
    run_id: int, path: Path, texts: dict[int, str], categories: dict[int, list[int]]
) -> Iterator[tuple[Any, ...]]:
    for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS):
        for case in batch.to_pylist():
            caption = case["prompt"] if case["prompt_kind"] == "text" else case["right"]
            yield (
                run_id, case["number"], case["direction"], case["unit"], case["prompt_kind"], case["prompt"],
                texts.get(caption, ""), case["answer_kind"], case["right"], case["right_score"], case["rank"],
                case["margin"], case["given"], case["scores"], categories.get(case["unit"], []),
            )  # fmt: skip
