"""Loads a run's cases from Parquet into a partition of its own by COPY. Heavy: for workers and tests alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import connection

from ml_core.datasets.cases import EVIDENCE
from webapp.corpora.models import Caption, Item
from webapp.corpora.partitions import attach_partition, create_partition, drop_partition
from webapp.experiments.lifecycle import held
from webapp.experiments.models import RunInput

PARENT = "experiments_case"
COLUMNS = (
    'run_id, number, direction, unit, prompt_kind, prompt, prompt_text, answer_kind, "right", right_score, rank,'
    " margin, given, scores, category_numbers, evidence"
)
ROWS = 20_000  # rows held in memory at a time
_NOTHING = "\\N"  # as COPY writes it
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def load_cases(run_id: int, attempt: int, parquet_path: str | Path) -> int:
    """Puts the cases of a running attempt in place of an earlier one's; Ghost where the run is not this attempt's."""
    file = pq.ParquetFile(parquet_path)
    with held(run_id, attempt):
        texts, categories = _looked_up(run_id)
        drop_partition(connection, PARENT, run_id)
        table = create_partition(connection, PARENT, run_id)
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as copy:
            for batch in file.iter_batches(batch_size=ROWS):
                copy.write(_lines(run_id, batch, texts, categories))
        attach_partition(connection, PARENT, run_id)
    return int(file.metadata.num_rows)


def _looked_up(run_id: int) -> tuple[dict[int, str], dict[int, str]]:
    """Captions by number and pictures' categories by number, as COPY writes them, of the data set that the run read."""
    inputs = RunInput.objects.filter(run_id=run_id, corpus__isnull=False).order_by("id")
    corpus = inputs.values_list("corpus", flat=True).first()
    captions = Caption.objects.filter(corpus_id=corpus or 0).values_list("number", "text")
    items = Item.objects.filter(corpus_id=corpus or 0).values_list("number", "category_numbers")
    texts = {number: text.translate(_ESCAPES) for number, text in captions.iterator(chunk_size=ROWS)}
    return texts, {number: _braced(numbers) for number, numbers in items.iterator(chunk_size=ROWS)}


def _lines(run_id: int, batch: pa.RecordBatch, texts: dict[int, str], categories: dict[int, str]) -> str:
    """Rows as lines of COPY, column by column. A case is found by its caption, be that prompt or right answer."""
    caption = pc.if_else(pc.equal(batch["prompt_kind"], "text"), batch["prompt"], batch["right"])
    columns = [
        pa.scalar(str(run_id)),
        *(_text(batch[name]) for name in ("number", "direction", "unit", "prompt_kind", "prompt")),
        pa.array([texts.get(number, "") for number in caption.to_pylist()], pa.string()),
        *(_text(batch[name]) for name in ("answer_kind", "right", "right_score", "rank", "margin", "given", "scores")),
        pa.array([categories.get(number, "{}") for number in batch["unit"].to_pylist()], pa.string()),
        _evidence(batch),
    ]
    return "\n".join(pc.binary_join_element_wise(*columns, "\t").to_pylist()) + "\n"


def _evidence(batch: pa.RecordBatch) -> pa.Array | pa.Scalar:
    """What speaks for the answers, where the file tells it."""
    if EVIDENCE.name not in batch.schema.names:
        return pa.scalar(_NOTHING)
    told = batch[EVIDENCE.name].to_pylist()
    return pa.array([_NOTHING if one is None else one.translate(_ESCAPES) for one in told], pa.string())


def _text(column: pa.Array) -> pa.Array:
    """A column as COPY writes it; single precision goes through double, so that no digit changes."""
    if pa.types.is_list(column.type):
        inner = pa.list_(pa.float64()) if pa.types.is_floating(column.type.value_type) else column.type
        joined = pc.binary_join(column.cast(inner).cast(pa.list_(pa.string())), ",")
        return pc.binary_join_element_wise(pa.scalar("{"), joined, pa.scalar("}"), "")
    return column.cast(pa.float64() if pa.types.is_floating(column.type) else column.type).cast(pa.string())


def _braced(numbers: list[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
