"""From the cases that a run leaves (`ml_core.datasets.cases`) to outcomes that are compared and claimed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml_core.claims.outcomes import DIRECTIONS, RunOutcomes

_COLUMNS = ["direction", "unit", "prompt_kind", "prompt", "answer_kind", "rank", "given"]
Names = Mapping[str, Sequence[str]]  # "picture", "text" → the id of each number in the data set's order


def outcomes_of_cases(source: Path | IO[bytes], names: Names) -> dict[str, RunOutcomes]:
    """One run's outcomes by direction from its cases.parquet: of the answers, only the first is kept."""
    table = pq.read_table(source, columns=_COLUMNS)
    found = {}
    for direction in DIRECTIONS:
        part = table.filter(pc.equal(table.column("direction"), direction)).combine_chunks()
        if part.num_rows:
            found[direction] = _outcomes(part, names)
    return found


def queries_hash(run: RunOutcomes) -> str:
    """A hash of which queries a run answered, whatever their order: runs that can be compared have the same."""
    return hashlib.sha256(np.sort(np.asarray(run.number_Q)).astype("<i8").tobytes()).hexdigest()


def _outcomes(part: pa.Table, names: Names) -> RunOutcomes:
    number_Q = part.column("prompt").to_numpy()
    first_Q = pc.list_element(part.column("given"), 0).to_numpy()
    prompts, answers = (names.get(part.column(kind)[0].as_py()) for kind in ("prompt_kind", "answer_kind"))
    return RunOutcomes(
        number_Q=number_Q,
        id_Q=_ids(prompts, number_Q),
        unit_Q=part.column("unit").to_numpy(),
        rank_Q=part.column("rank").to_numpy(),
        first_Q=first_Q,
        first_id_Q=_ids(answers, first_Q),
    )


def _ids(names: Sequence[str] | None, number_Q: np.ndarray) -> list[str]:
    """Ids of numbers; the numbers themselves where nothing has names (a class has none)."""
    return [names[number] if names is not None else str(number) for number in number_Q.tolist()]
