"""Writes what a classification leaves: every picture's outcome, their ids, confusions and classes as tables."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ml_core.datasets.cases import EVIDENCE, SCHEMA, write_cases
from ml_core.events import Artifact, Cases, Event, Provenance
from ml_core.metrics.classification import (
    Answers,
    confusion,
    counts,
    f1_by_class,
    f1_changes,
    precision_by_class,
    recall_by_class,
)
from ml_core.metrics.uncertainty import Estimate, How, wilson
from ml_core.zeroshot.outcome import Outcome

DIRECTION = "classify"


def outcomes(
    outcome: Outcome,
    item_ids: Sequence[str],
    out: Path,
    numbers_N: np.ndarray | None = None,
    evidence_N: Sequence[str | None] | None = None,
) -> Iterator[Event]:
    """cases.parquet and queries.parquet; `numbers_N`: the pictures' places where not all are told."""
    numbers_N = np.arange(len(outcome.answers.label_N)) if numbers_N is None else numbers_N
    cases = _cases(outcome, numbers_N)
    if evidence_N is not None:
        cases = cases.append_column(EVIDENCE, pa.array(evidence_N, EVIDENCE.type))
    yield Cases("cases.parquet", write_cases(out / "cases.parquet", [cases]))
    ids = [item_ids[number] for number in numbers_N.tolist()]
    pq.write_table(
        pa.table({"number": pa.array(numbers_N, pa.int32()), "id": ids}), out / "queries.parquet", compression="zstd"
    )
    digest = hashlib.sha256(json.dumps(ids, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
    yield Provenance({"queries": {DIRECTION: digest}})
    yield Artifact("queries.parquet", "Ids of the queries", "data", "application/vnd.apache.parquet")


def _cases(outcome: Outcome, numbers_N: np.ndarray) -> pa.Table:
    answers, pictures = outcome.answers, len(numbers_N)
    keep = outcome.given_NK.shape[1]
    offsets = pa.array(np.arange(pictures + 1) * keep, pa.int32())
    rank_N = answers.rank_N if answers.rank_N is not None else np.where(answers.right_N, 1, 2)

    def always(text: str) -> pa.Array:
        return pa.array([text]).take(pa.array(np.zeros(pictures, np.int32)))

    columns = {
        "number": numbers_N.astype(np.int32),
        "direction": always(DIRECTION),
        "unit": numbers_N.astype(np.int32),
        "prompt_kind": always("picture"),
        "prompt": numbers_N.astype(np.int32),
        "answer_kind": always("class"),
        "right": answers.label_N.astype(np.int32),
        "right_score": outcome.right_score_N.astype(np.float32),
        "rank": rank_N.astype(np.int32),
        "margin": outcome.margin_N.astype(np.float32),
        "given": pa.ListArray.from_arrays(offsets, pa.array(outcome.given_NK.astype(np.int32).ravel())),
        "scores": pa.ListArray.from_arrays(offsets, pa.array(outcome.scores_NK.astype(np.float32).ravel())),
    }
    return pa.table(columns).cast(SCHEMA)


def confusion_table(answers: Answers, names: Sequence[str]) -> dict[str, list[Any]]:
    """Occupied cells of the confusion matrix: right and given class by number and name, and the pictures in it."""
    right_P, given_P, count_P = confusion(answers)
    return {
        "right": right_P.tolist(),
        "given": given_P.tolist(),
        "right_name": [names[number] for number in right_P],
        "given_name": [names[number] for number in given_P],
        "count": count_P.tolist(),
    }


def class_table(
    answers: Answers, names: Sequence[str], f1: Sequence[Estimate | None], baseline: Answers | None, how: How
) -> dict[str, list[Any]]:
    """A row a class: pictures, given, right, precision and recall (Wilson), F1 with its interval; where there is a
    baseline its F1 and number of right answers, and the change of F1."""
    found = counts(answers)
    table: dict[str, list[Any]] = {
        "class": list(range(len(names))),
        "name": list(names),
        "pictures": found.support_C.tolist(),
        "given": found.given_C.tolist(),
        "right": found.right_C.tolist(),
        "precision": precision_by_class(found).tolist(),
        **_ends("precision", [wilson(*pair) for pair in zip(found.right_C, found.given_C, strict=True)]),
        "recall": recall_by_class(found).tolist(),
        **_ends("recall", [wilson(*pair) for pair in zip(found.right_C, found.support_C, strict=True)]),
        "f1": f1_by_class(found).tolist(),
        **_ends("f1", [one and one[1:3] for one in f1]),
    }
    if baseline is not None:
        plain, changes = counts(baseline), f1_changes(baseline, answers, how)
        table |= {"baseline_right": plain.right_C.tolist(), "baseline_f1": f1_by_class(plain).tolist()}
        table |= {"f1_change": [one and one.value for one in changes]}
        table |= _ends("f1_change", [one and one[1:3] for one in changes])
    return table


def _ends(name: str, ends: Sequence[Sequence[float | None] | None]) -> dict[str, list[float | None]]:
    """Columns of intervals, None where there is none."""
    low, high = ([None if each is None else each[place] for each in ends] for place in (0, 1))
    return {f"{name}_low": low, f"{name}_high": high}


def plot(name: str, title: str, table: dict[str, Any], out: Path) -> Iterator[Event]:
    """One table that a plot is drawn from, as plots/NAME.json."""
    (out / "plots").mkdir(parents=True, exist_ok=True)
    (out / "plots" / f"{name}.json").write_text(json.dumps(table, allow_nan=False, ensure_ascii=False), "utf-8")
    yield Artifact(f"plots/{name}.json", title, "plot", "application/json")
