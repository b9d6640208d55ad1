"""Near duplicates: found by the vectors, counted and listed, and the recall that is left without them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.events import Artifact, Event, Log, Metric
from ml_core.retrieval.duplicates import FILE, find_twins
from ml_core.spec import BadInput
from tests.ml_core.recorded import Recorded, recorded, run_method


def unit(rows: int, size: int, seed: int = 0) -> np.ndarray:
    """Unit vectors (N, E)."""
    found = np.random.default_rng(seed).normal(size=(rows, size)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def twinned(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Forty pictures; picture 7 has the vector of picture 3, picture 20 almost that of 21."""
    made = recorded(tmp_path_factory.mktemp("twinned"))
    images_NE = made.arrays["image_embeddings"].copy()
    images_NE[7] = images_NE[3]
    images_NE[20] = images_NE[21] + 1e-3 * images_NE[0]
    return replace(made, encoder=made.with_arrays("twinned", image_embeddings=images_NE))


def metrics_of(events: list[Event]) -> dict[str, Metric]:
    return {event.name: event for event in events if isinstance(event, Metric)}


@pytest.mark.parametrize("cells", [1, 200_000, 10_000_000])
def test_every_pair_at_the_threshold_is_found_once_whatever_the_block(cells: int) -> None:
    rows_NE = unit(300, 6)
    found = find_twins(rows_NE, 0.9, cells=cells)
    scores_NN = rows_NE.astype(np.float64) @ rows_NE.T
    wanted = {(i, j) for i, j in zip(*np.nonzero(np.triu(scores_NN >= 0.9, 1)), strict=True)}
    assert found.pairs == len(wanted) > 50
    assert set(zip(found.first_P.tolist(), found.second_P.tolist(), strict=True)) == wanted
    assert found.near_N.tolist() == ((scores_NN >= 0.9).sum(1) > 1).tolist()
    assert (np.diff(found.cosine_P) <= 0).all()


def test_only_the_most_alike_are_listed_but_all_are_counted() -> None:
    rows_NE = unit(200, 4)
    everything, few = find_twins(rows_NE, 0.5), find_twins(rows_NE, 0.5, listed=10, cells=5_000)
    assert few.pairs == everything.pairs > 1000 and len(few.cosine_P) == 10
    assert np.allclose(few.cosine_P, everything.cosine_P[:10])
    assert (few.near_N == everything.near_N).all()


def test_a_threshold_of_one_finds_equal_vectors_alone() -> None:
    rows_NE = unit(50, 64)
    rows_NE[9] = rows_NE[4]
    found = find_twins(rows_NE, 1.0)
    assert (found.pairs, found.first_P.tolist(), found.second_P.tolist()) == (1, [4], [9])


def test_recall_is_told_with_and_without_the_queries_of_near_duplicates(twinned: Recorded, tmp_path: Path) -> None:
    events = run_method("retrieval.evaluate", tmp_path, data=twinned.data, encoder=twinned.encoder)
    found = metrics_of(events)
    assert found["near_duplicates"].value == 4 and found["near_duplicate_pairs"].value == 2
    assert found["t2i/queries/no-near-duplicates"].value == 180 and found["i2t/queries/no-near-duplicates"].value == 36
    for way in ("t2i", "i2t"):
        for k in (1, 5, 10):
            one = found[f"{way}/recall@{k}/no-near-duplicates"]
            assert one.n == 36 and one.low is not None and one.high is not None and one.low <= one.value <= one.high
            assert found[f"{way}/recall@{k}"].n == 40
    ranks = [row["rank"] for row in _cases(tmp_path) if row["direction"] == "t2i" and row["unit"] not in (3, 7, 20, 21)]
    assert found["t2i/recall@1/no-near-duplicates"].value == pytest.approx(np.mean(np.array(ranks) == 1))


def test_an_improvement_is_told_with_and_without_them_beside_its_baseline(twinned: Recorded, tmp_path: Path) -> None:
    given = {"data": twinned.data, "encoder": twinned.encoder, "resamples": 100}
    (tmp_path / "plain").mkdir()
    plain = metrics_of(run_method("retrieval.evaluate", tmp_path / "plain", directions="t2i", **given))
    words = {"templates": "none", "lexical": "captions", "weight": 0.9}
    events = run_method("retrieval.improve", tmp_path, **words, **given)
    found = metrics_of(events)
    assert found["near_duplicates"].value == 4 and found["t2i/queries/no-near-duplicates"].value == 180
    for k in (1, 5, 10):
        baseline = found[f"t2i/recall@{k}/baseline%20on%20no-near-duplicates"]
        assert baseline == replace(plain[f"t2i/recall@{k}/no-near-duplicates"], name=baseline.name)
    without = [row for row in _cases(tmp_path) if row["unit"] not in (3, 7, 20, 21)]
    improved = found["t2i/recall@1/no-near-duplicates"]
    assert improved.value == pytest.approx(np.mean([row["rank"] == 1 for row in without])) and improved.n == 36
    net = found["t2i/net/no-near-duplicates"].value
    gained = found["t2i/repaired/no-near-duplicates"].value - found["t2i/broken/no-near-duplicates"].value
    baseline = found["t2i/recall@1/baseline%20on%20no-near-duplicates"]
    assert net == pytest.approx(gained / 180) == pytest.approx(improved.value - baseline.value) and net != 0
    assert Artifact(FILE, "Near duplicates", "table", "text/csv") in events


def test_the_pairs_are_a_file_with_ids_and_whether_the_bytes_are_the_same(twinned: Recorded, tmp_path: Path) -> None:
    events = run_method("retrieval.evaluate", tmp_path, data=twinned.data, encoder=twinned.encoder)
    assert Artifact(FILE, "Near duplicates", "table", "text/csv") in events
    rows = list(csv.DictReader((tmp_path / FILE).open()))
    assert len(rows) == 2 and {row["same_file"] for row in rows} == {"false"}
    assert float(rows[0]["cosine"]) == pytest.approx(1.0) and float(rows[1]["cosine"]) > 0.99


def test_where_every_picture_has_a_twin_there_is_a_warning_and_no_number(twinned: Recorded, tmp_path: Path) -> None:
    events = run_method(
        "retrieval.evaluate", tmp_path, data=twinned.data, encoder=twinned.encoder, near_duplicate=0.0001
    )
    assert not [name for name in metrics_of(events) if name.endswith("recall@1/no-near-duplicates")]
    said = [event.message for event in events if isinstance(event, Log) and event.level == "warning"]
    assert any("nothing is left without" in line for line in said) and any(
        "raise near_duplicate" in line for line in said
    )


def test_a_threshold_beyond_one_is_refused(twinned: Recorded, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at most 1"):
        run_method("retrieval.evaluate", tmp_path, data=twinned.data, encoder=twinned.encoder, near_duplicate=1.1)


def _cases(folder: Path) -> list[dict]:
    return list(pq.read_table(folder / "cases.parquet").to_pylist())
