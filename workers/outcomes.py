"""A run's outcomes as compact columns: read from its cases once, then kept as a file beside what the run left.

Reading them from PostgreSQL takes a hundred times as long as from the file, which counts where 200 runs are compared.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass, fields
from datetime import datetime
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.db import DatabaseError, connection
from safetensors import SafetensorError
from safetensors.numpy import load, save

from ml_core.claims.outcomes import DIRECTIONS
from ml_core.spec import BadInput
from webapp.experiments.files import run_prefix, store
from webapp.experiments.models import Run

logger = logging.getLogger(__name__)
FORMAT = 1
FINISHED = Run.State.SUCCEEDED
_COLUMNS = {
    "number": pa.int32(), "direction": pa.string(), "prompt": pa.int32(), "unit": pa.int32(), "rank": pa.int32(),
    "first": pa.int32(),
}  # fmt: skip
_COPY = (
    "COPY (SELECT number, direction, prompt, unit, rank, coalesce(given[1], -1) FROM experiments_case"
    " WHERE run_id = %s ORDER BY number) TO STDOUT (FORMAT csv)"
)


@dataclass(frozen=True)
class Cases:
    """A run's cases of one direction in the order of their numbers, (Q,) int32 each; first: -1 where none is given."""

    number_Q: np.ndarray
    prompt_Q: np.ndarray
    unit_Q: np.ndarray
    rank_Q: np.ndarray
    first_Q: np.ndarray

    def asks_as(self, other: Cases) -> bool:
        """Whether both are the same queries, number by number."""
        pairs = ((self.number_Q, other.number_Q), (self.prompt_Q, other.prompt_Q), (self.unit_Q, other.unit_Q))
        return all(one is two or np.array_equal(one, two) for one, two in pairs)


_NAMES = [field.name for field in fields(Cases)]


def cases_of(run_id: int, attempt: int, finished_at: datetime) -> dict[str, Cases]:
    """A finished run's cases by direction. BadInput where it has none."""
    key = f"{run_prefix(run_id)}/outcomes/{attempt}-{finished_at:%Y%m%d%H%M%S%f}-{FORMAT}.safetensors"
    kept = _kept(key)
    if kept is not None:
        return kept
    found = _read(run_id)
    arrays = {f"{way}/{name}": getattr(part, name) for way, part in found.items() for name in _NAMES}
    try:
        store().write_bytes(key, save(arrays))
    except OSError as problem:  # it is read from PostgreSQL the next time, too
        logger.warning("the outcomes of run %s could not be kept: %s", run_id, problem)
    return found


def keep(run_id: int, attempt: int) -> None:
    """Makes the file of a run that has just finished, so that nobody waits for it who compares it first.

    What goes wrong is logged alone: `cases_of` makes the file as well.
    """
    try:
        finished_at = Run.objects.values_list("finished_at", flat=True).get(pk=run_id, attempt=attempt, state=FINISHED)
        cases_of(run_id, attempt, cast(datetime, finished_at))
    except (Run.DoesNotExist, BadInput, DatabaseError) as problem:
        logger.warning("the outcomes of run %s are not kept yet: %s", run_id, problem)


def _kept(key: str) -> dict[str, Cases] | None:
    """What the file holds; None where it is not there or not whole."""
    try:
        arrays = load(store().read_bytes(key))
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError) as problem:
        logger.warning("%s cannot be read (%s); it is made anew", key, problem)
        return None
    ways = [way for way in DIRECTIONS if all(f"{way}/{name}" in arrays for name in _NAMES)]
    return {way: Cases(*(arrays[f"{way}/{name}"] for name in _NAMES)) for way in ways} or None


def _read(run_id: int) -> dict[str, Cases]:
    buffer = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(_COPY, [run_id]) as copy:
        for block in copy:
            buffer.write(block)
    if not buffer.tell():
        raise BadInput(f"run {run_id} has no cases any more")
    buffer.seek(0)
    reading = pa_csv.ReadOptions(column_names=list(_COLUMNS))
    table = pa_csv.read_csv(buffer, reading, convert_options=pa_csv.ConvertOptions(column_types=_COLUMNS))
    found = {}
    for way in DIRECTIONS:
        part = table.filter(pc.equal(table.column("direction"), way))
        if part.num_rows:
            found[way] = Cases(*(part.column(name.removesuffix("_Q")).to_numpy() for name in _NAMES))
    return found
