"""Per-query outcomes of runs: one run's columns, several runs' side by side, the Parquet file that holds them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.metrics.significance.verdict import Outcomes
from ml_core.spec import BadInput

DIRECTIONS = ("t2i", "i2t", "classify")
SCHEMA = pa.schema(
    [
        ("direction", pa.string()),
        ("number", pa.int32()),  # the query's place in the data set: a caption's (t2i) or a picture's (i2t)
        ("id", pa.string()),  # the same as people name it
        ("unit", pa.int32()),  # what is resampled whole: the picture's place in the data set
        ("rank", pa.int32()),  # of the best right answer, from 1
        ("top1", pa.int32()),  # the first answer's place in the data set
        ("top1_id", pa.string()),
    ]
)
_MOST_ROWS = 5_000_000
_MOST_BYTES = 512 * 2**20
_LONGEST_ID = 300
_WORDS = ["direction", "id", "top1_id"]


@dataclass(frozen=True)
class RunOutcomes:
    """Every query of one direction of one run, (Q,) each. `number_Q` names a query, once; `id_Q` says it in words."""

    number_Q: np.ndarray  # int
    id_Q: Sequence[str]
    unit_Q: np.ndarray  # int
    rank_Q: np.ndarray  # int, from 1
    first_Q: np.ndarray  # int, the first answer's number in the data set
    first_id_Q: Sequence[str] | None = None  # only a bundle needs these


@dataclass(frozen=True)
class Field:
    """One direction's queries in one order with every run's outcome beside them: (Q,) each."""

    number_Q: np.ndarray
    id_Q: Sequence[str]
    unit_Q: np.ndarray
    rank: Mapping[str, np.ndarray]  # run → ranks
    first: Mapping[str, np.ndarray]  # run → first answers

    def chosen(self, places_S: np.ndarray | None) -> Field:
        """The same for some queries, named by their places; None for all of them."""
        if places_S is None:
            return self
        ids = [self.id_Q[place] for place in places_S.tolist()]
        rank = {run: values_Q[places_S] for run, values_Q in self.rank.items()}
        first = {run: values_Q[places_S] for run, values_Q in self.first.items()}
        return Field(self.number_Q[places_S], ids, self.unit_Q[places_S], rank, first)

    def outcomes(self, run: str) -> Outcomes:
        """One run's outcomes as the tests of `ml_core.metrics.significance` take them."""
        return Outcomes(self.number_Q, self.unit_Q, self.rank[run], self.first[run])


def aligned(runs: Mapping[str, Mapping[str, RunOutcomes]], direction: str) -> Field:
    """Every run's outcomes of one direction, in the order of the first run's queries.

    BadInput where a query occurs twice, where runs have different queries, or one query another unit.
    """
    found = {run: ways[direction] for run, ways in runs.items()}
    lead_name, lead = next(iter(found.items()))
    _once(lead_name, direction, lead.number_Q)
    order_Q = np.argsort(lead.number_Q, kind="stable")
    rank, first = {}, {}
    for name, run in found.items():
        places_Q = _places(lead, lead_name, order_Q, run, name, direction)
        rank[name] = run.rank_Q if places_Q is None else run.rank_Q[places_Q]
        first[name] = run.first_Q if places_Q is None else run.first_Q[places_Q]
    return Field(lead.number_Q, lead.id_Q, lead.unit_Q, rank, first)


def _places(
    lead: RunOutcomes, lead_name: str, order_Q: np.ndarray, run: RunOutcomes, name: str, direction: str
) -> np.ndarray | None:
    """Where each of the lead's queries stands in the run; None where they stand in the same order."""
    if np.array_equal(lead.number_Q, run.number_Q):
        places_Q, same = None, np.array_equal(lead.unit_Q, run.unit_Q)
    else:
        _once(name, direction, run.number_Q)
        own_Q = np.argsort(run.number_Q, kind="stable")
        if not np.array_equal(lead.number_Q[order_Q], run.number_Q[own_Q]):
            raise BadInput(_different(lead_name, lead.number_Q, name, run.number_Q, direction), field="runs")
        places_Q = np.empty_like(own_Q)
        places_Q[order_Q] = own_Q
        same = np.array_equal(lead.unit_Q, run.unit_Q[places_Q])
    if not same:
        raise BadInput(
            f"{direction}: runs {lead_name} and {name} say of the same query that it belongs to different pictures; "
            "compare runs on the same data set",
            field="runs",
        )
    return places_Q


def _once(run: str, direction: str, number_Q: np.ndarray) -> None:
    numbers_U, counts_U = np.unique(number_Q, return_counts=True)
    if len(numbers_U) < len(number_Q):
        raise BadInput(
            f"run {run}, {direction}: query {numbers_U[counts_U > 1][0]} occurs {counts_U.max()} times; "
            "each query may have one outcome only",
            field="runs",
        )


def _different(one: str, one_Q: np.ndarray, other: str, other_Q: np.ndarray, direction: str) -> str:
    alone, strange = len(np.setdiff1d(one_Q, other_Q)), len(np.setdiff1d(other_Q, one_Q))
    return (
        f"{direction}: runs {one} and {other} answered different queries ({alone:,} only {one}, {strange:,} only "
        f"{other}); compare runs on the same queries of the same data set"
    )


def to_parquet(ways: Mapping[str, RunOutcomes]) -> bytes:
    """One run's outcomes as the bytes of a Parquet file of SCHEMA, in order of direction and number."""
    tables = [_table(name, ways[name]) for name in DIRECTIONS if name in ways]
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd", store_schema=False) as writer:
        for table in tables:
            writer.write_table(table, row_group_size=65_536)
    return sink.getvalue()


def _table(direction: str, run: RunOutcomes) -> pa.Table:
    if run.first_id_Q is None:
        raise ValueError("a bundle needs the ids of first answers")
    order_Q = pa.array(np.argsort(run.number_Q, kind="stable"))
    columns = {
        "direction": pa.array([direction]).take(pa.array(np.zeros(len(run.number_Q), np.int32))),
        "number": pa.array(np.asarray(run.number_Q)),
        "id": pa.array(list(run.id_Q), pa.string()),
        "unit": pa.array(np.asarray(run.unit_Q)),
        "rank": pa.array(np.asarray(run.rank_Q)),
        "top1": pa.array(np.asarray(run.first_Q)),
        "top1_id": pa.array(list(run.first_id_Q), pa.string()),
    }
    return pa.table(columns).take(order_Q).cast(SCHEMA)


def from_parquet(content: bytes, where: str) -> dict[str, RunOutcomes]:
    """The outcomes in a Parquet file by direction; BadInput naming `where` for anything that is not of SCHEMA."""
    try:
        _fits(pq.ParquetFile(pa.BufferReader(content)), where)
        table = pq.ParquetFile(pa.BufferReader(content), read_dictionary=_WORDS).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{where} is not a readable Parquet file: {str(error)[:200]}", field="bundle") from error
    if table.num_rows == 0:
        raise BadInput(f"{where} has no outcome", field="bundle")
    if any(column.null_count for column in table.columns):
        raise BadInput(f"{where} has empty cells; every outcome needs all of {SCHEMA.names}", field="bundle")
    words = {name: _words(table.column(name), name, where) for name in _WORDS}
    numbers = {name: table.column(name).to_numpy() for name in SCHEMA.names if name not in _WORDS}
    if strange := sorted(set(words["direction"]) - set(DIRECTIONS)):
        raise BadInput(f"{where} names the direction {strange[0]!r}; there are {', '.join(DIRECTIONS)}", field="bundle")
    if (least := numbers["rank"].min()) < 1:
        raise BadInput(f"{where}: a rank is {least}; ranks start at 1", field="bundle")
    way_Q = words["direction"]
    return {name: _part(words, numbers, way_Q == name) for name in DIRECTIONS if (way_Q == name).any()}


def _fits(file: pq.ParquetFile, where: str) -> None:
    """BadInput where the file's own description is not of SCHEMA or of something too large."""
    about = file.metadata
    if not file.schema_arrow.equals(SCHEMA):
        found = ", ".join(f"{column.name} ({column.type})" for column in file.schema_arrow)
        wanted = ", ".join(f"{column.name} ({column.type})" for column in SCHEMA)
        raise BadInput(f"{where} has the columns {found}; wanted are {wanted}", field="bundle")
    size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    if about.num_rows > _MOST_ROWS or size > _MOST_BYTES:
        raise BadInput(
            f"{where} has {about.num_rows:,} rows of {size / 2**20:,.0f} MiB; {_MOST_ROWS:,} rows of "
            f"{_MOST_BYTES / 2**20:,.0f} MiB are the most",
            field="bundle",
        )


def _words(column: pa.ChunkedArray, name: str, where: str) -> np.ndarray:
    """A column of texts (Q,) object, equal texts one object; refused by its dictionary, before a bomb unfolds."""
    parts = []
    for chunk in column.chunks:
        words = np.array([*chunk.dictionary.to_pylist(), ""], dtype=object)[:-1]
        longest = max(map(len, words), default=0)
        if longest > _LONGEST_ID:
            raise BadInput(
                f"{where}: {name!r} has a text of {longest:,} characters; {_LONGEST_ID} is the most", field="bundle"
            )
        parts.append(words[chunk.indices.to_numpy()])
    return np.concatenate(parts)


def _part(words: Mapping[str, np.ndarray], numbers: Mapping[str, np.ndarray], own_Q: np.ndarray) -> RunOutcomes:
    return RunOutcomes(
        number_Q=numbers["number"][own_Q],
        id_Q=words["id"][own_Q].tolist(),
        unit_Q=numbers["unit"][own_Q],
        rank_Q=numbers["rank"][own_Q],
        first_Q=numbers["top1"][own_Q],
        first_id_Q=words["top1_id"][own_Q].tolist(),
    )
