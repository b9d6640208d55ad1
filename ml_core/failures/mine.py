"""The method failures.mine: from an evaluation's cases to a table of failures, their counts, and a sample to label."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ml_core.cells import safe_cell
from ml_core.datasets.cases import SCHEMA
from ml_core.events import Artifact, Event, Log, Metric, Provenance
from ml_core.failures.sampling import plan
from ml_core.methods.failures_mine import FailuresMine
from ml_core.metrics.buckets import margin_names, rank_names
from ml_core.metrics.ranking import margin_bucket, rank_bucket
from ml_core.metrics.uncertainty import How, by_unit, proportion
from ml_core.spec import BadInput, Context


def run(spec: FailuresMine, context: Context) -> Iterator[Event]:
    """Metrics `…/failures`, `…/failure_rate` and counts by bucket; failures.parquet, failures.csv and plan.csv."""
    cases = read_cases(spec.run, spec.direction)
    yield Provenance({"cases": cases.num_rows})
    yield from _counts(cases, spec)
    failures = _table(cases, _query_ids(spec.run, cases))
    if spec.direction == "classify":
        failures = _named(failures, _class_names(spec.run))
    pq.write_table(failures, context.out / "failures.parquet", compression="zstd")
    _write_csv(context.out / "failures.csv", failures.column_names, zip(*failures.to_pydict().values(), strict=True))
    yield Artifact("failures.parquet", "Failures", "table", "application/vnd.apache.parquet")
    yield Artifact("failures.csv", "Failures", "table", "text/csv")
    if not failures.num_rows:
        yield Log("No query failed, so there is nothing to sample.", "warning")
        return
    yield from _sample(failures, spec, context.out)


def read_cases(place: str, direction: str) -> pa.Table:
    """The cases of one direction of a run's folder or a cases file, in SCHEMA; BadInput where there are none."""
    path = Path(place)
    path = path / "cases.parquet" if path.is_dir() else path
    try:
        table = pq.read_table(path)
    except FileNotFoundError as error:
        raise BadInput(
            f"there are no cases at {path}: name an evaluation's folder or its cases.parquet", field="run"
        ) from error
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInput(f"{path} cannot be read as cases: {error}", field="run") from error
    if missing := [name for name in SCHEMA.names if name not in table.column_names]:
        raise BadInput(f"{path} holds no cases: the columns {', '.join(missing)} are missing", field="run")
    chosen = table.filter(pc.equal(table["direction"], direction)).select(SCHEMA.names).cast(SCHEMA)
    if not chosen.num_rows:
        there = ", ".join(sorted(map(str, pc.unique(table["direction"]).to_pylist()))) or "none at all"
        raise BadInput(
            f"{path} holds no cases of the direction {direction} (there: {there}); choose one that is there",
            field="direction",
        )
    return chosen


def _counts(cases: pa.Table, spec: FailuresMine) -> Iterator[Event]:
    rank_Q, margin_Q, unit_Q = (cases[name].to_numpy() for name in ("rank", "margin", "unit"))
    failed_Q = rank_Q > 1
    how = How(resamples=spec.resamples, seed=spec.seed)
    rate = proportion(*by_unit(failed_Q.astype(np.int64), unit_Q), **how)
    yield Metric(f"{spec.direction}/failure_rate", *rate)
    yield _count(f"{spec.direction}/failures", failed_Q, unit_Q, how)
    for kind, names, bucket_Q in (
        ("rank", rank_names(), rank_bucket(rank_Q)),
        ("margin", margin_names(), margin_bucket(margin_Q)),
    ):
        for number, name in enumerate(names):
            inside_Q = failed_Q & (bucket_Q == number)
            if inside_Q.any():
                yield _count(f"{spec.direction}/failures/{quote(f'{kind} {name}', safe='')}", inside_Q, unit_Q, how)


def _count(name: str, inside_Q: np.ndarray, unit_Q: np.ndarray, how: How) -> Metric:
    share = proportion(*by_unit(inside_Q.astype(np.int64), unit_Q), **how).times(len(unit_Q))
    return Metric(name, float(inside_Q.sum()), share.low, share.high, share.n)


def _query_ids(place: str, cases: pa.Table) -> pa.Array:
    """The id of each case's query, from queries.parquet beside the cases; its number where that is missing."""
    path = _beside(place, "queries.parquet")
    if not path.is_file():
        return pc.cast(cases["number"], pa.string())
    names = pq.read_table(path)
    return names["id"].take(pc.index_in(cases["number"], value_set=names["number"].combine_chunks()))


def _class_names(place: str) -> list[str]:
    """The names of a classification's classes by their numbers, from its table of classes; none where it has none."""
    path = _beside(place, "plots/classes.json")
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return [str(name) for _, name in sorted(zip(table["class"], table["name"], strict=True))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{path} cannot be read as a table of classes: {error}", field="run") from error


def _beside(place: str, name: str) -> Path:
    """A file of the run whose folder or cases are named."""
    return (Path(place) if Path(place).is_dir() else Path(place).parent) / name


def _named(failures: pa.Table, names: list[str]) -> pa.Table:
    """With the true and the predicted class in words, where the answers are classes."""
    known = pa.array(names, pa.string())
    for column in ("right", "first"):
        number_F = failures[column].to_numpy()
        if len(number_F) and not (number_F.min() >= 0 and number_F.max() < len(names)):
            return failures
        failures = failures.append_column(f"{column}_class", known.take(failures[column]))
    return failures


def _table(cases: pa.Table, ids: pa.Array) -> pa.Table:
    """One row a failure: what was asked, what was right, what came first instead, and how far off it was."""
    failed = cases.append_column("id", ids).filter(pc.greater(cases["rank"], 1))
    rank_F, margin_F = failed["rank"].to_numpy(), failed["margin"].to_numpy()
    return pa.table(
        {
            "idx": failed["number"],
            "id": failed["id"],
            "direction": failed["direction"],
            "unit": failed["unit"],
            "prompt": failed["prompt"],
            "right": failed["right"],
            "first": pc.list_element(failed["given"], 0),
            "right_score": failed["right_score"],
            "first_score": pc.list_element(failed["scores"], 0),
            "rank": failed["rank"],
            "margin": failed["margin"],
            "rank_bucket": pa.array(np.array(rank_names())[rank_bucket(rank_F)], pa.string()),
            "margin_bucket": pa.array(np.array(margin_names())[margin_bucket(margin_F)], pa.string()),
        }
    )


def _sample(failures: pa.Table, spec: FailuresMine, out: Path) -> Iterator[Event]:
    numbers = dict(zip(failures["id"].to_pylist(), failures["idx"].to_pylist(), strict=True))
    ids = list(numbers)
    column = {"rank": "rank_bucket", "margin": "margin_bucket"}.get(spec.stratify)
    strata = dict(zip(ids, failures[column].to_pylist(), strict=True)) if column else {}
    chosen = plan(
        ids,
        size=spec.size,
        overlap=spec.overlap,
        annotators=spec.annotators,
        backup=spec.backup,
        seed=spec.seed,
        strata=strata,
    )
    if len(chosen) < spec.size:
        yield Log(
            f"There are only {len(ids):,} failures for a sample of {spec.size:,}; all of them are in it.", "warning"
        )
    rows = [
        (numbers[name], name, group, strata.get(name, ""))
        for group, members in chosen.groups().items()
        for name in members
    ]
    _write_csv(out / "plan.csv", ["idx", "id", "group", "stratum"], rows)
    yield Artifact("plan.csv", "Sample to label", "table", "text/csv")
    yield Log(", ".join(f"{group}: {len(members):,}" for group, members in chosen.groups().items()))


def _write_csv(path: Path, names: list[str], rows: Iterable[Iterable[object]]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(map(safe_cell, row) for row in rows)
    part.replace(path)
