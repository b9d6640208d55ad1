"""failures.mine: from an evaluation's folder to its failures, their counts and a sample."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml_core.events import Log, Metric
from ml_core.spec import BadInput
from tests.ml_core.recorded import recorded, run_method


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an evaluation with some failures."""
    root = tmp_path_factory.mktemp("evaluation")
    small = recorded(root, pictures=60, strength=0.4)
    run_method("retrieval.evaluate", root / "run", data=small.data, encoder=small.encoder)
    return root / "run"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_failures_are_the_queries_whose_first_answer_is_wrong(evaluation: Path, tmp_path: Path) -> None:
    events = run_method("failures.mine", tmp_path, run=str(evaluation))
    found = {event.name: event for event in events if isinstance(event, Metric)}
    cases = [row for row in pq.read_table(evaluation / "cases.parquet").to_pylist() if row["direction"] == "t2i"]
    wrong = [row for row in cases if row["given"][0] != row["right"]]
    table = pq.read_table(tmp_path / "failures.parquet").to_pylist()
    assert [row["idx"] for row in table] == [row["number"] for row in wrong]
    assert [row["first"] for row in table] == [row["given"][0] for row in wrong]
    assert found["t2i/failures"].value == len(wrong) == len(rows_of(tmp_path / "failures.csv"))
    assert found["t2i/failure_rate"].value == pytest.approx(len(wrong) / len(cases))
    assert all(metric.low <= metric.value <= metric.high and metric.n == 60 for metric in found.values())


def test_buckets_of_rank_and_of_margin_each_add_up_to_all_failures(evaluation: Path, tmp_path: Path) -> None:
    events = run_method("failures.mine", tmp_path, run=str(evaluation / "cases.parquet"), direction="i2t")
    found = {unquote(event.name): event.value for event in events if isinstance(event, Metric)}
    for kind in ("rank", "margin"):
        parts = [value for name, value in found.items() if name.startswith(f"i2t/failures/{kind} ")]
        assert len(parts) > 1 and sum(parts) == found["i2t/failures"]


def test_the_sample_names_failures_by_their_ids(evaluation: Path, tmp_path: Path) -> None:
    run_method("failures.mine", tmp_path, run=str(evaluation), size=40, overlap=6, backup=4, stratify="rank")
    sample = rows_of(tmp_path / "plan.csv")
    failures = {row["id"]: row for row in rows_of(tmp_path / "failures.csv")}
    assert [sum(row["group"] == group for row in sample) for group in ("overlap", "A", "B", "C", "backup")] == [
        6,
        10,
        10,
        10,
        4,
    ]
    for row in sample:
        assert failures[row["id"]]["idx"] == row["idx"]
        assert failures[row["id"]]["rank_bucket"] == row["stratum"]


def test_an_id_is_no_formula_in_the_tables_that_people_open(evaluation: Path, tmp_path: Path) -> None:
    names = pq.read_table(evaluation / "queries.parquet")
    odd = names.set_column(1, "id", pa.array([f"=1+{name}" for name in names["id"].to_pylist()]))
    shutil.copy(evaluation / "cases.parquet", tmp_path)
    pq.write_table(odd, tmp_path / "queries.parquet")
    run_method("failures.mine", tmp_path / "mined", run=str(tmp_path))
    for name in ("failures.csv", "plan.csv"):
        assert all(row["id"].startswith("'=1+") for row in rows_of(tmp_path / "mined" / name))
    assert all(
        name.startswith("=1+") for name in pq.read_table(tmp_path / "mined" / "failures.parquet")["id"].to_pylist()
    )


def test_too_few_failures_are_all_taken_and_it_says_so(evaluation: Path, tmp_path: Path) -> None:
    events = run_method("failures.mine", tmp_path, run=str(evaluation), size=5000)
    assert len(rows_of(tmp_path / "plan.csv")) == len(rows_of(tmp_path / "failures.csv"))
    assert any("only" in event.message for event in events if isinstance(event, Log) and event.level == "warning")


def test_a_run_without_failures_has_nothing_to_sample(tmp_path: Path) -> None:
    small = recorded(tmp_path, pictures=8, strength=50)
    run_method("retrieval.evaluate", tmp_path / "run", data=small.data, encoder=small.encoder)
    events = run_method("failures.mine", tmp_path / "mined", run=str(tmp_path / "run"))
    found = {event.name: event for event in events if isinstance(event, Metric)}
    assert found["t2i/failures"].value == 0 and found["t2i/failures"].high > 0
    assert not (tmp_path / "mined" / "plan.csv").exists()


def test_what_holds_no_cases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text(json.dumps({}))
    pq.write_table(pa.table({"rank": [1]}), tmp_path / "other.parquet")
    for name, message in (("gone", "no cases"), ("text.parquet", "cannot be read"), ("other.parquet", "missing")):
        with pytest.raises(BadInput, match=message) as refusal:
            run_method("failures.mine", tmp_path / "out", run=str(tmp_path / name))
        assert refusal.value.field == "run"
