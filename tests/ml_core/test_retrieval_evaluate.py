"""retrieval.evaluate on recorded embeddings: numbers, intervals, cases, plots, subsets, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.cases import SCHEMA
from ml_core.events import Cases, Event, Log, Metric, Progress, Provenance
from ml_core.methods import card
from ml_core.spec import BadInput, Context, Stopped
from tests.ml_core import small_sets
from tests.ml_core.recorded import Recorded, recorded, run_method

KEY = "retrieval.evaluate"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Forty pictures, two hundred captions."""
    return recorded(tmp_path_factory.mktemp("recorded"))


def metrics_of(events: list[Event]) -> dict[str, Metric]:
    return {event.name: event for event in events if isinstance(event, Metric)}


def scores(small: Recorded) -> tuple[np.ndarray, np.ndarray]:
    """Cosines (M, N) and the picture of each caption."""
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in small.arrays.items() if "emb" in name]
    return unit[1].astype(np.float64) @ unit[0].astype(np.float64).T, np.repeat(np.arange(40), 5)


def test_metrics_are_those_of_a_full_sort(small: Recorded, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, ks=[1, 5, 10]))
    scores_MN, items_M = scores(small)
    text_rank_M = (scores_MN > scores_MN[np.arange(200), items_M][:, None]).sum(1) + 1
    best_N = np.where(items_M[:, None] == np.arange(40), scores_MN, -2).max(0)
    picture_rank_N = (scores_MN > best_N).sum(0) + 1
    for way, ranks in (("t2i", text_rank_M), ("i2t", picture_rank_N)):
        for k in (1, 5, 10):
            assert found[f"{way}/recall@{k}"].value == pytest.approx((ranks <= k).mean())
        assert found[f"{way}/mrr"].value == pytest.approx((1 / ranks).mean())
        assert found[f"{way}/mean_rank"].value == pytest.approx(ranks.mean())
        assert found[f"{way}/median_rank"].value == np.median(ranks)
        assert found[f"{way}/failures"].value == (ranks > 1).sum()
        assert found[f"{way}/queries"].value == len(ranks)
    order = np.argsort(-scores_MN, axis=0)
    precision = [
        np.mean([(items_M[order[: r + 1, n]] == n).mean() * (items_M[order[r, n]] == n) for r in range(5)])
        for n in range(40)
    ]
    assert found["i2t/map"].value == pytest.approx(np.mean(precision))
    assert found["t2i/map"].value == pytest.approx(found["t2i/recall@1"].value)


def test_every_number_has_an_interval_around_it_and_counts_pictures(small: Recorded, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder))
    estimates = [metric for name, metric in found.items() if not name.startswith("near_") and name.count("/") == 1]
    assert len(estimates) == 18
    for metric in estimates:
        assert metric.low is not None and metric.high is not None
        assert metric.low <= metric.value <= metric.high
        assert metric.n == 40


def test_cases_hold_each_query_with_its_answers(small: Recorded, tmp_path: Path) -> None:
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, keep=7)
    assert Cases("cases.parquet", 240) in events
    table = pq.read_table(tmp_path / "cases.parquet")
    assert table.schema.equals(SCHEMA)
    assert table["number"].to_pylist() == list(range(240))
    assert pq.read_table(tmp_path / "queries.parquet")["id"].to_pylist()[198:202] == ["403", "404", "1", "2"]
    scores_MN, items_M = scores(small)
    for row in table.to_pylist():
        assert len(row["given"]) == len(row["scores"]) == 7
        right = [item == row["unit"] for item in (items_M[row["given"]] if row["direction"] == "i2t" else row["given"])]
        if row["rank"] <= 7:
            assert right.index(True) == row["rank"] - 1 and row["given"][row["rank"] - 1] == row["right"]
        else:
            assert not any(right)
        line = scores_MN[row["prompt"]] if row["direction"] == "t2i" else scores_MN[:, row["prompt"]]
        owners = np.arange(40) if row["direction"] == "t2i" else items_M
        assert row["right_score"] == pytest.approx(line[owners == row["unit"]].max(), abs=1e-6)
        assert row["margin"] == pytest.approx(row["right_score"] - line[owners != row["unit"]].max(), abs=1e-6)
        assert (row["rank"] == 1) == (row["margin"] > 0)
    kinds = {(row["direction"], row["prompt_kind"], row["answer_kind"]) for row in table.to_pylist()}
    assert kinds == {("t2i", "text", "picture"), ("i2t", "picture", "text")}


def test_plots_come_as_columns_that_belong_to_the_metrics(small: Recorded, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder))
    tables = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "plots").iterdir()}
    assert set(tables) == {"recall_curve", "rank_histogram", "margin"}
    for table in tables.values():
        assert len({len(column) for column in table.values()}) == 1
    curve = tables["recall_curve"]
    at_five = [i for i, k in enumerate(curve["k"]) if k == 5]
    assert [curve["recall"][i] for i in at_five] == [found[f"{way}/recall@5"].value for way in ("t2i", "i2t")]
    assert max(k for k, way in zip(curve["k"], curve["direction"], strict=True) if way == "t2i") == 40
    assert sum(tables["rank_histogram"]["count"]) == sum(tables["margin"]["hits"] + tables["margin"]["failures"]) == 240


def test_one_direction_and_a_depth_beyond_the_candidates(small: Recorded, tmp_path: Path) -> None:
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, directions="t2i", ks="1, 40, 41")
    found = metrics_of(events)
    assert {name.split("/")[0] for name in found} == {"t2i", "near_duplicates", "near_duplicate_pairs"}
    assert found["t2i/recall@40"].value == 1.0 and "t2i/recall@41" not in found
    assert [event.level for event in events if isinstance(event, Log) and "recall@41" in event.message] == ["warning"]


def test_a_subset_is_reported_beside_everything(small: Recorded, tmp_path: Path) -> None:
    subset = tmp_path / "subset.json"
    subset.write_text(json.dumps({"name": "attribute & count", "t2i": [10, 11, 20], "i2t": ["3"]}))
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, subset=str(subset)))
    assert found["t2i/queries/attribute%20%26%20count"].value == 3
    assert found["t2i/recall@1/attribute%20%26%20count"].n == 2
    assert found["i2t/queries/attribute%20%26%20count"].value == 1
    assert found["t2i/queries"].value == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "names no query"), ("77777", "does not have: 77777"), ("{", "not JSON"), ('"x"', "must hold a list")],
)
def test_a_subset_that_cannot_be_is_refused(small: Recorded, tmp_path: Path, content: str, message: str) -> None:
    subset = tmp_path / ("subset.json" if content.startswith(("{", '"')) else "subset.txt")
    subset.write_text(content)
    with pytest.raises(BadInput, match=message) as refusal:
        run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, subset=str(subset))
    assert refusal.value.field == "subset"


def test_it_says_what_the_numbers_depend_on_and_how_far_it_is(small: Recorded, tmp_path: Path) -> None:
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder)
    facts, asked = [event.facts for event in events if isinstance(event, Provenance)]
    assert set(asked["queries"]) == {"t2i", "i2t"} and len(asked["queries"]["t2i"]) == 64
    assert facts["pictures"] == 40 and facts["captions"] == 200 and facts["simulated"] is False
    assert len(facts["data_hash"]) == len(facts["model_revision"]) == 64
    assert [event for event in events if isinstance(event, Progress)][-1].done == 200


def test_asked_to_stop_it_stops(small: Recorded, tmp_path: Path) -> None:
    spec = card(KEY).parse({"data": small.data, "encoder": small.encoder})
    with pytest.raises(Stopped):
        list(card(KEY).load()(spec, Context(out=tmp_path, cache=str(tmp_path), stop=lambda: True)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image_embeddings": np.full((40, 16), np.nan, np.float32)}, "NaN"),
        ({"image_embeddings": np.ones((40, 8), np.float32)}, "wide"),
        ({"image_embeddings": np.zeros((40, 16), np.float32)}, "zeros"),
        ({"text_ids": np.arange(1000, 1200)}, "not in text_ids"),
    ],
)
def test_embeddings_that_cannot_be_are_refused(small: Recorded, tmp_path: Path, changes: dict, message: str) -> None:
    encoder = small.with_arrays("changed", **changes)
    with pytest.raises(BadInput, match=message) as refusal:
        run_method(KEY, tmp_path, data=small.data, encoder=encoder)
    assert refusal.value.field == "encoder"


@pytest.mark.parametrize("changes", [{"count": 1}, {"count": 3, "annotations": []}, {"count": 3, "captions": 0}])
def test_a_set_without_anything_to_choose_between_is_refused(small: Recorded, tmp_path: Path, changes: dict) -> None:
    root = small_sets.coco(tmp_path / "set", **changes)
    with pytest.raises(BadInput, match="caption") as refusal:
        run_method(KEY, tmp_path, data=f"coco:{root}", encoder=small.encoder)
    assert refusal.value.field == "data"
