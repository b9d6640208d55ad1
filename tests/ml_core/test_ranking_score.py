"""ranking.score against trec_eval's own expected outputs and hand-made files; what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ml_core.events import Event, Log, Metric
from ml_core.spec import BadInput
from tests.ml_core.recorded import run_method

MEASURES = "ndcg@k,ndcg,map,map@k,mrr,recall@k,precision@k,success@k,rprec,bpref"
NAMES = {"map": "map", "Rprec": "rprec", "bpref": "bpref", "recip_rank": "mrr", "ndcg": "ndcg"}
COUNTS = {"num_q": "queries", "num_ret": "retrieved", "num_rel": "relevant", "num_rel_ret": "relevant_retrieved"}
CUT = {"P": "precision", "recall": "recall", "ndcg_cut": "ndcg", "map_cut": "map", "success": "success"}


def ours(name: str) -> str:
    """Our name of a measure as trec_eval prints it; empty where we have none."""
    base, _, k = name.rpartition("_")
    if base in CUT and k.isdecimal():
        return f"{CUT[base]}@{k}"
    return NAMES.get(name) or COUNTS.get(name, "")


def metrics_of(events: list[Event]) -> dict[str, Metric]:
    return {event.name: event for event in events if isinstance(event, Metric)}


@pytest.mark.parametrize(
    ("expected", "qrels", "run", "settings", "compared"),
    [
        ("out.test.a", "qrels.test", "results.test", {}, 48),
        ("out.test.aq", "qrels.test", "results.test", {}, 180),
        ("out.test.aql", "qrels.rel_level", "results.test", {"level": 2}, 180),
        ("out.test.aqc", "qrels.test", "results.trunc", {"complete": True}, 180),
        ("out.test.aqcM", "qrels.test", "results.trunc", {"complete": True, "depth": 100}, 180),
    ],
)
def test_every_printed_digit_of_trec_eval(
    real_data: Path, tmp_path: Path, expected: str, qrels: str, run: str, settings: dict[str, object], compared: int
) -> None:
    folder = real_data / "trec_eval"
    files = {"qrels": str(folder / qrels), "run": str(folder / run)}
    events = run_method(
        "ranking.score", tmp_path, **files, measures=MEASURES, per_query=True, resamples=100, **settings
    )
    found = {("all", name): metric.value for name, metric in metrics_of(events).items()}
    with (tmp_path / "per_query.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found |= {(row["query"], name): float(value) for name, value in row.items() if name != "query"}
    checked = 0
    for line in (folder / expected).read_text().splitlines():
        name, query, value = line.split()
        if (query, ours(name)) in found:
            number = found[query, ours(name)]
            assert (f"{number:.4f}" if "." in value else f"{number:.0f}") == value, line
            checked += 1
    assert checked == compared


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_the_rank_column_is_ignored_and_what_follows_the_tag_too(tmp_path: Path) -> None:
    qrels = write(tmp_path / "q", "1 0 a 1", "1 0 b 0", "2 0 c 1")
    run = write(tmp_path / "r", "1 Q0 a 1 0.1 x", "1 Q0 b 2 0.9 x more of it", "", "2 Q0 c 7 1e-3 x")
    found = metrics_of(run_method("ranking.score", tmp_path, qrels=qrels, run=run, measures="mrr,recall@1"))
    assert found["mrr"].value == 0.75 and found["recall@1"].value == 0.5 and found["mrr"].n == 2


def test_queries_missing_on_one_side_are_told(tmp_path: Path) -> None:
    qrels = write(tmp_path / "q", "1 0 a 1", "2 0 a 1")
    run = write(tmp_path / "r", "1 Q0 a 1 1 x", "3 Q0 a 1 1 x")
    events = run_method("ranking.score", tmp_path, qrels=qrels, run=run)
    warnings = [event.message for event in events if isinstance(event, Log)]
    assert len(warnings) == 2 and "missing from the run" in warnings[0] and "no judgements" in warnings[1]
    assert metrics_of(events)["map"].value == 1.0 and metrics_of(events)["map"].low < 1.0
    complete = metrics_of(run_method("ranking.score", tmp_path, qrels=qrels, run=run, complete=True))
    assert complete["map"].value == 0.5 and complete["queries"].value == 2


@pytest.mark.parametrize(
    ("qrels", "run", "field", "message"),
    [
        ("1 0 a", "1 Q0 a 1 1 x", "qrels", "line 1: 4 columns"),
        ("1 0 a high", "1 Q0 a 1 1 x", "qrels", "line 1: a grade must be"),
        ("1 0 a 1", "1 Q0 a 1 1 x\n1 Q0 b 2 ? x", "run", "line 2: a score must be"),
        ("1 0 a 1", "1 Q0 a 1 nan x", "run", "line 1: the score is not finite"),
        ("1 0 a 1", "1 Q0 a 1 1 x\n1 Q0 a 2 1 x", "run", "document a twice"),
        ("1 0 a 1\n1 0 a 0", "1 Q0 a 1 1 x", "qrels", "document a twice"),
        ("1 0 a 1", "", "run", "is empty"),
        ("1 0 a 1", "2 Q0 a 1 1 x", "run", "no query in common"),
    ],
)
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, qrels: str, run: str, field: str, message: str) -> None:
    files = {"qrels": write(tmp_path / "q", qrels), "run": write(tmp_path / "r", run)}
    with pytest.raises(BadInput, match=message) as refusal:
        run_method("ranking.score", tmp_path, **files)
    assert refusal.value.field == field


def test_a_missing_file_and_an_unknown_measure_are_refused(tmp_path: Path) -> None:
    qrels = write(tmp_path / "q", "1 0 a 1")
    with pytest.raises(BadInput, match="cannot read") as refusal:
        run_method("ranking.score", tmp_path, qrels=qrels, run=str(tmp_path / "gone"))
    assert refusal.value.field == "run"
    with pytest.raises(BadInput, match="no measure 'accuracy'") as refusal:
        run_method("ranking.score", tmp_path, qrels=qrels, run=qrels, measures="accuracy")
    assert refusal.value.field == "measures"
