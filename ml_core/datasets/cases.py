"""Per-query outcomes on disk: one Parquet schema for every kind of case, written in row groups."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# A case is a prompt with its right answers and its given answers, each a picture or a text named by its number in the
# data set's frozen order. `unit` is what is resampled (the picture's number). `rank` is the best rank of a right
# answer, from 1; `right` is the best-ranked right answer; `margin` is its score minus the best wrong answer's score.
SCHEMA = pa.schema(
    [
        ("number", pa.int32()),
        ("direction", pa.string()),  # t2i, i2t, or classify
        ("unit", pa.int32()),
        ("prompt_kind", pa.string()),  # text, picture or page
        ("prompt", pa.int32()),
        ("answer_kind", pa.string()),
        ("right", pa.int32()),
        ("right_score", pa.float32()),
        ("rank", pa.int32()),
        ("margin", pa.float32()),
        ("given", pa.list_(pa.int32())),
        ("scores", pa.list_(pa.float32())),
    ]
)
# A classification's cases may say more: JSON text, see `ml_core.zeroshot.evidence`. Every reader may pass it over.
EVIDENCE = pa.field("evidence", pa.string())


def write_cases(path: Path, tables: list[pa.Table]) -> int:
    """Writes tables of SCHEMA, all with EVIDENCE beside it or none, one after the other to `path`, whole or not at
    all; returns the number of cases."""
    told = any(EVIDENCE.name in table.column_names for table in tables)
    schema = SCHEMA.append(EVIDENCE) if told else SCHEMA
    part = path.with_name(path.name + ".part")
    with pq.ParquetWriter(part, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table.cast(schema), row_group_size=65_536)
    part.replace(path)
    return sum(table.num_rows for table in tables)
