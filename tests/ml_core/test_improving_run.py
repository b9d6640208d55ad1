"""retrieval.improve with a really trained model and with recorded vectors: what it compares, leaves and refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.opening import open_dataset
from ml_core.events import Artifact, Cases, Event, Log, Metric, Progress
from ml_core.methods import card
from ml_core.spec import BadInput, Context, Stopped
from tests.ml_core.recorded import Recorded, recorded, run_method

KEY = "retrieval.improve"
DATA = "scenes:60?size=96&seed=4"


@pytest.fixture(scope="module")
def encoder(trained_checkpoint: Path) -> str:
    """A small CLIP that was really trained."""
    return f"checkpoint:{trained_checkpoint}"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One embedding cache for all runs here."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Forty pictures, two hundred captions."""
    return recorded(tmp_path_factory.mktemp("recorded"))


def improve(out: Path, cache: str, **values: Any) -> list[Event]:
    """Every event of a run with that cache."""
    out.mkdir(parents=True, exist_ok=True)
    found = card(KEY)
    spec = found.parse({"data": DATA, "resamples": 100} | values)
    return list(found.load()(spec, Context(out=out, cache=cache)))


def metrics_of(events: list[Event]) -> dict[str, Metric]:
    return {event.name: event for event in events if isinstance(event, Metric)}


def encoded(events: list[Event]) -> int:
    """Rows that a model really encoded: progress with a rate is of fresh ones."""
    steps = [event for event in events if isinstance(event, Progress) and event.stage.startswith("Encoding")]
    fresh, before = 0, 0
    for step in steps:
        before = before if step.done > before else 0
        fresh += step.done - before if step.rate else 0
        before = step.done if step.done < step.total else 0
    return fresh


def labels_file(path: Path, categories: tuple[str, ...] = ("attribute", "count", "spatial")) -> Path:
    """Every second caption labelled by a word in it, as an analysis set's file says it."""
    dataset = open_dataset(DATA)
    said = {
        name: categories[len(text) % len(categories)]
        for name, text in list(zip(dataset.caption_ids, dataset.caption_texts, strict=True))[::2]
    }
    path.write_text(json.dumps({"name": "all", "t2i": sorted(said), "categories": {"t2i": said, "i2t": {}}}))
    return path


def test_the_baseline_and_the_no_op_are_what_an_evaluation_finds(encoder: str, cache: str, tmp_path: Path) -> None:
    out = tmp_path / "evaluated"
    out.mkdir()
    spec = card("retrieval.evaluate").parse({"data": DATA, "encoder": encoder, "resamples": 100})
    evaluated = metrics_of(list(card("retrieval.evaluate").load()(spec, Context(out=out, cache=cache))))
    for pooling in ("embeddings", "mean", "max", "logsumexp"):
        none = metrics_of(improve(tmp_path / pooling, cache, encoder=encoder, templates="none", pooling=pooling))
        for name in ("recall@1", "recall@5", "recall@10"):
            for arm in ("", "/baseline", "/no-op", "/random-control"):
                assert none[f"t2i/{name}{arm}"].value == evaluated[f"t2i/{name}"].value
        assert none["t2i/mrr"] == evaluated["t2i/mrr"]
        for arm in ("", "/no-op", "/random-control"):
            assert none[f"t2i/repaired{arm}"].value == none[f"t2i/broken{arm}"].value == 0
            assert none[f"t2i/p_value{arm}"].value == 1
        cases, expected = (pq.read_table(folder / "cases.parquet") for folder in (tmp_path / pooling, out))
        assert cases.equals(expected.slice(0, cases.num_rows))


def test_a_second_pooling_encodes_nothing(encoder: str, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first = improve(tmp_path / "first", cache, encoder=encoder, templates="photo", pooling="mean")
    captions = len(open_dataset(DATA).caption_ids)
    assert encoded(first) == 60 + 4 * captions  # pictures, captions as they are and in three templates
    for pooling in ("max", "logsumexp", "embeddings"):
        again = improve(tmp_path / pooling, cache, encoder=encoder, templates="photo", pooling=pooling)
        assert encoded(again) == 0
    wider = improve(tmp_path / "wider", cache, encoder=encoder, templates="mixed")
    assert encoded(wider) == 3 * captions  # of six templates three are known already


def test_changes_are_counted_against_the_baseline(encoder: str, cache: str, tmp_path: Path) -> None:
    events = improve(tmp_path / "run", cache, encoder=encoder, templates="mixed", pooling="max")
    found = metrics_of(events)
    none = tmp_path / "none"
    improve(none, cache, encoder=encoder, templates="none")
    before, after = (
        np.array(pq.read_table(folder / "cases.parquet")["rank"].to_pylist()) for folder in (none, tmp_path / "run")
    )
    assert found["t2i/repaired"].value == ((before > 1) & (after == 1)).sum()
    assert found["t2i/broken"].value == ((before == 1) & (after > 1)).sum()
    net = found["t2i/net"]
    assert net.value == pytest.approx(found["t2i/recall@1"].value - found["t2i/recall@1/baseline"].value)
    assert net.low is not None and net.high is not None and net.low <= net.value <= net.high
    assert 0 <= found["t2i/p_value"].value <= 1 and net.n == 60
    said = [event.message for event in events if isinstance(event, Log) and "repaired" in event.message]
    assert len(said) == 1 and said[0].startswith("all queries: ")
    changes = json.loads((tmp_path / "run" / "plots" / "changes.json").read_text())
    assert changes["x"] == ["no-op", "random-control", "improved"]
    assert changes["series"][0]["values"][2] == found["t2i/repaired"].value


def test_a_control_run_leaves_the_cases_of_the_control(encoder: str, cache: str, tmp_path: Path) -> None:
    values: dict[str, Any] = {"encoder": encoder, "templates": "mixed", "pooling": "max"}
    improved = metrics_of(improve(tmp_path / "improved", cache, **values))
    events = improve(tmp_path / "control", cache, **values, control=True)
    found = metrics_of(events)
    ranks = np.array(pq.read_table(tmp_path / "control" / "cases.parquet")["rank"].to_pylist())
    assert (ranks == 1).mean() == pytest.approx(improved["t2i/recall@1/random-control"].value)
    assert found["t2i/recall@1"].value == pytest.approx(improved["t2i/recall@1/random-control"].value)
    assert found["t2i/recall@1/baseline"] == improved["t2i/recall@1/baseline"]
    assert "t2i/recall@1/random-control" not in found
    assert any("This is the control" in event.message for event in events if isinstance(event, Log))


def test_a_subset_is_told_beside_all_queries_with_every_arm(small: Recorded, tmp_path: Path) -> None:
    subset = tmp_path / "subset.json"
    ranks = run_method("retrieval.evaluate", tmp_path / "e", data=small.data, encoder=small.encoder, directions="t2i")
    assert ranks
    cases = pq.read_table(tmp_path / "e" / "cases.parquet")["rank"].to_pylist()
    ids = pq.read_table(tmp_path / "e" / "queries.parquet")["id"].to_pylist()
    failed = [name for name, rank in zip(ids, cases, strict=True) if rank > 1]
    subset.write_text(json.dumps({"name": "all wrong", "t2i": failed}))
    events = run_method(
        KEY, tmp_path / "run", data=small.data, encoder=small.encoder, templates="none", lexical="neighbours", top=10,
        subset=str(subset), resamples=100,
    )  # fmt: skip
    found = metrics_of(events)
    assert found["t2i/queries/all%20wrong"].value == len(failed)
    assert found["t2i/recall@1/baseline%20on%20all%20wrong"].value == 0
    for arm in ("no-op", "random-control"):
        assert f"t2i/recall@1/{arm}%20on%20all%20wrong" in found and f"t2i/net/{arm}" in found
    assert found["t2i/broken/all%20wrong"].value == 0
    warnings = [event.message for event in events if isinstance(event, Log) and event.level == "warning"]
    assert any("all wrong" in text and "control" in text for text in warnings)
    # Chosen by the baseline's failures: no net and no p but those against the control, which stands in the same slice.
    assert not [name for name in found if name.startswith(("t2i/net/", "t2i/p_value/")) and "all%20wrong" in name]
    control = found["t2i/recall@1/random-control%20on%20all%20wrong"].value
    assert found["t2i/control_recall@1/all%20wrong"].value == control
    assert found["t2i/baseline_recall@1/all%20wrong"].value == 0
    over = found["t2i/net_over_control/all%20wrong"]
    assert over.value == pytest.approx(found["t2i/recall@1/all%20wrong"].value - control) and over.low is not None
    assert 0 <= found["t2i/p_value_over_control/all%20wrong"].value <= 1
    said = [event.message for event in events if isinstance(event, Log) and event.message.startswith("all wrong")]
    assert "shown" not in said[0] and "against the control" in said[1] and "shown" in said[1]
    rows = list(csv.DictReader((tmp_path / "run" / "summary_subset_results.csv").open()))
    assert [row["selection"] for row in rows] == ["none", "failures"]
    assert float(rows[1]["control_R@1"]) == pytest.approx(control)
    assert [row["subset_size"] for row in rows] == ["200", str(len(failed))]
    assert float(rows[1]["baseline_R@1"]) == 0 and rows[1]["file"] == "subset.json"
    assert float(rows[1]["delta_pp_R@1"]) == pytest.approx(100 * found["t2i/recall@1/all%20wrong"].value)


def test_the_summary_names_its_columns_as_the_original_does(small: Recorded, tmp_path: Path) -> None:
    run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, templates="none", resamples=100)
    header = (tmp_path / "summary_subset_results.csv").read_text().splitlines()[0]
    assert header == (
        "file,subset_size,categories,pooling,tau,K_templates,seed,baseline_R@1,baseline_R@5,baseline_R@10,"
        "improved_R@1,improved_R@5,improved_R@10,delta_pp_R@1,delta_pp_R@5,delta_pp_R@10,"
        "selection,control_R@1,control_R@5,control_R@10"  # ours, behind the original's
    )


def test_categories_choose_templates_and_the_oracle_is_marked(encoder: str, cache: str, tmp_path: Path) -> None:
    labels = labels_file(tmp_path / "labels.json")
    out = tmp_path / "run"
    found = metrics_of(improve(out, cache, encoder=encoder, templates="category", labels=str(labels)))
    assert {"t2i/category_accuracy", "t2i/category_accuracy/most-common"} <= set(found)
    labelled = len(json.loads(labels.read_text())["t2i"])
    assert found["t2i/queries/labelled"].value == labelled
    assert "t2i/recall@1/oracle%20on%20labelled" in found and "t2i/net/oracle%20on%20labelled" in found
    assert not [name for name in found if "oracle" in name and "labelled" not in name]
    arms = json.loads((out / "plots" / "arms.json").read_text())
    assert "oracle (upper bound)" in arms["x"]
    again = improve(tmp_path / "again", cache, encoder=encoder, templates="category", labels=str(labels), pooling="max")
    assert encoded(again) == 0


def test_settings_are_searched_on_one_part_and_told_of_the_other(encoder: str, cache: str, tmp_path: Path) -> None:
    values = {"encoder": encoder, "search": True, "dev_share": 0.4, "lexical": "neighbours", "top": 10}
    events = improve(tmp_path, cache, search_templates=["photo"], search_weights=[0.2], **values)
    found = metrics_of(events)
    points = list(csv.DictReader((tmp_path / "search.csv").open()))
    assert (points[0]["templates"], float(points[0]["weight"])) == ("none", 0)  # what changes nothing is tried first
    assert len(points) == 2 + 2 * (1 + 1 + 2)
    (chosen,) = [point for point in points if point["chosen"]]
    assert float(chosen["recall@1"]) == max(float(point["recall@1"]) for point in points)
    caption_ids, pictures = open_dataset(DATA).caption_ids, int(points[0]["n"])
    test = int(found["t2i/queries"].value)
    assert 0 < pictures < 60 and found["t2i/queries"].n == 60 - pictures
    numbers = pq.read_table(tmp_path / "cases.parquet")["number"].to_pylist()
    assert len(numbers) == test < len(caption_ids) and numbers == sorted(numbers)
    ids = pq.read_table(tmp_path / "queries.parquet")["id"].to_pylist()
    assert ids == [caption_ids[number] for number in numbers]
    assert {"t2i/recall@1/baseline", "t2i/recall@1/no-op", "t2i/recall@1/random-control"} <= set(found)
    asked = ("mixed", "mean", "1.0", "0.3")
    if tuple(chosen[name] for name in ("templates", "pooling", "tau", "weight")) != asked:
        assert "t2i/recall@1/untuned" in found and "t2i/net/untuned" in found


def test_the_same_run_twice_says_the_same(encoder: str, cache: str, tmp_path: Path) -> None:
    values: dict[str, Any] = {"encoder": encoder, "templates": "photo", "pooling": "logsumexp", "lexical": "captions"}
    first, second = (metrics_of(improve(tmp_path / name, cache, **values)) for name in "ab")
    assert first == second


def test_what_it_leaves_is_said(small: Recorded, tmp_path: Path) -> None:
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, templates="none", resamples=100)
    assert Cases("cases.parquet", 200) in events
    for event in events:
        if isinstance(event, Artifact):
            assert (tmp_path / event.path).stat().st_size > 0


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"templates": "photo"}, "encoder", "cannot be put into templates"),
        ({"templates": "category"}, "spec", "need labels"),
        ({"lexical": "generated"}, "spec", "needs the file"),
        ({"subset": "{folder}/pictures.json"}, "subset", "names no captions"),
        ({"labels": "{folder}/nowhere.json"}, "labels", "cannot read"),
        ({"lexical": "generated", "generated": "{folder}/nowhere.json"}, "generated", "cannot read"),
        ({"pooling": "median"}, "pooling", "must be"),
        ({"tau": 0}, "tau", "more than 0"),
    ],
)
def test_what_cannot_be_is_refused(
    small: Recorded, tmp_path: Path, values: dict[str, str], field: str, message: str
) -> None:
    (tmp_path / "pictures.json").write_text(json.dumps({"i2t": ["3"]}))
    filled = {name: str(value).format(folder=tmp_path) for name, value in values.items()}
    with pytest.raises(BadInput, match=message) as refusal:
        run_method(
            KEY, tmp_path / "run", **{"data": small.data, "encoder": small.encoder, "templates": "none"} | filled
        )
    assert refusal.value.field == field


def test_asked_to_stop_it_stops(small: Recorded, tmp_path: Path) -> None:
    spec = card(KEY).parse({"data": small.data, "encoder": small.encoder, "templates": "none"})
    with pytest.raises(Stopped):
        list(card(KEY).load()(spec, Context(out=tmp_path, cache=str(tmp_path), stop=lambda: True)))
