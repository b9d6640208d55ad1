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
_LONGEST_ID = 300


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
        file = pq.ParquetFile(pa.BufferReader(content))
        if file.metadata.num_rows > _MOST_ROWS:
            raise BadInput(f"{where} has {file.metadata.num_rows:,} rows; {_MOST_ROWS:,} is the most", field="bundle")
        if (names := file.schema_arrow.names) != SCHEMA.names:
            raise BadInput(f"{where} has the columns {names}, wanted are {SCHEMA.names}", field="bundle")
        table = pq.ParquetFile(pa.BufferReader(content), read_dictionary=["direction", "id", "top1_id"]).read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{where} is not a readable Parquet file: {str(error)[:200]}", field="bundle") from error
    if any(column.null_count for column in table.columns):
        raise BadInput(f"{where} has empty cells; every outcome needs all of {SCHEMA.names}", field="bundle")
    return _by_direction(_plain(table, where), where)


def _plain(table: pa.Table, where: str) -> pa.Table:
    """The table in SCHEMA's types; ids are looked at while they are still a dictionary, so that no bomb unfolds."""
    for name in ("direction", "id", "top1_id"):
        for chunk in table.column(name).chunks:
            words = chunk.dictionary if isinstance(chunk, pa.DictionaryArray) else chunk
            longest = max((len(str(word)) for word in words.to_pylist()), default=0)
            if longest > _LONGEST_ID:
                raise BadInput(
                    f"{where}: {name!r} has a text of {longest:,} characters; {_LONGEST_ID} is the most", field="bundle"
                )
    try:
        return table.cast(SCHEMA)
    except pa.ArrowException as error:
        raise BadInput(f"{where} has columns of another type: {str(error)[:200]}", field="bundle") from error


def _by_direction(table: pa.Table, where: str) -> dict[str, RunOutcomes]:
    directions = np.asarray(table.column("direction").to_pylist(), dtype=object)
    if strange := sorted(set(directions) - set(DIRECTIONS)):
        raise BadInput(f"{where} names the direction {strange[0]!r}; there are {', '.join(DIRECTIONS)}", field="bundle")
    if table.num_rows == 0:
        raise BadInput(f"{where} has no outcome", field="bundle")
    found = {}
    for name in [name for name in DIRECTIONS if (directions == name).any()]:
        part = table.filter(pa.array(directions == name))
        columns = {key: part.column(key).to_numpy() for key in ("number", "unit", "rank", "top1")}
        if columns["rank"].min() < 1:
            raise BadInput(f"{where}, {name}: a rank is {columns['rank'].min()}; ranks start at 1", field="bundle")
        ids, firsts = part.column("id").to_pylist(), part.column("top1_id").to_pylist()
        found[name] = RunOutcomes(columns["number"], ids, columns["unit"], columns["rank"], columns["top1"], firsts)
    return found
