"""zeroshot.evaluate on recorded embeddings: numbers, cases, tables, templates, and what it refuses."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pyarrow.parquet as pq
import pytest

from ml_core.datasets.cases import SCHEMA
from ml_core.events import Cases
from ml_core.metrics.significance.mcnemar import exact_mcnemar
from ml_core.spec import BadInput
from ml_core.zeroshot.data import open_classification
from ml_core.zeroshot.templates import SETS, filled, templates_of, usable
from tests.ml_core import small_sets
from tests.ml_core.zeroshot.made import DOMAIN, Made, made, metrics_of, run_method, warnings_of
from tests.tiny_models import tiny_clip

KEY = "zeroshot.evaluate"


def test_accuracy_is_that_of_cosines_with_the_template(small: Made, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder))
    scores_NC = small.units() @ small.texts(*(f"An image of a {name}" for name in small.names)).T
    order_NC = np.argsort(-scores_NC, axis=1)
    for k in (1, 5):
        assert found[f"accuracy@{k}"].value == (order_NC[:, :k] == small.labels_N[:, None]).any(1).mean()
    for name in ("accuracy@1", "precision/macro", "recall/macro", "f1/macro", "ece"):
        assert found[name].low <= found[name].value <= found[name].high and found[name].n == 84
    assert {f"f1/{name}" for name in small.names} < set(found)
    assert found["f1/ant"].n == 12


def test_an_ensemble_is_the_normalised_mean_of_unit_vectors(small: Made, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, templates="ensemble"))
    prompts = filled(SETS["ensemble"], small.names, DOMAIN)
    assert len(prompts[0]) == len(set(prompts[0])) == 80
    classes_CE = np.stack([small.texts(*row).mean(0) for row in prompts])
    classes_CE /= np.linalg.norm(classes_CE, axis=1, keepdims=True)
    right_N = (small.units() @ classes_CE.T).argmax(1) == small.labels_N
    assert found["accuracy@1"].value == right_N.mean()


def test_several_sentences_stand_beside_the_plain_one_on_the_same_pictures(small: Made, tmp_path: Path) -> None:
    values = {"data": small.data, "encoder": small.encoder}
    many = metrics_of(run_method(KEY, tmp_path / "many", **values, templates="ensemble"))
    one = metrics_of(run_method(KEY, tmp_path / "one", **values))
    for name in ("accuracy@1", "accuracy@5", "f1/macro", "ece"):
        assert many[f"baseline/{name}"] == replace(one[name], name=f"baseline/{name}")
    was, now = (
        pq.read_table(tmp_path / folder / "cases.parquet")["rank"].to_numpy() == 1 for folder in ("one", "many")
    )
    repaired, broken = int((now & ~was).sum()), int((was & ~now).sum())
    assert (many["repaired"].value, many["broken"].value) == (repaired, broken) and repaired + broken
    assert many["p_value"].value == exact_mcnemar(repaired, broken)
    assert not any(name.startswith(("baseline/", "repaired")) for name in one)


def test_own_templates_and_the_phrase_of_the_domain_reach_the_model(small: Made, tmp_path: Path) -> None:
    own = {"templates": "own", "own_templates": "my {} | one {c} here"}
    run_method(KEY, tmp_path / "own", data=small.data, encoder=small.encoder, **own)
    run_method(KEY, tmp_path / "domain", data=small.data, encoder=small.encoder, templates="domain")
    with pytest.raises(BadInput, match="An image of a ant, a thing") as caught:
        run_method(KEY, tmp_path / "no", data=small.data, encoder=small.encoder, templates="domain", domain="thing")
    assert caught.value.field == "encoder"


@pytest.mark.parametrize(
    ("own", "told"),
    [("a cat", "no {c}"), ("a {c} in {place}", "belongs to neither"), ("|", "one to 500 sentences")],
)
def test_a_template_without_a_place_for_the_name_is_refused(own: str, told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        templates_of("own", own)
    assert caught.value.field == "own_templates"


def test_a_set_without_a_phrase_goes_without_it_and_says_so() -> None:
    assert usable(("An image of a {c}, a {domain}",), "")[0] == ("An image of a {c}",)
    assert usable(("a {c}",), "") == (("a {c}",), [])
    with pytest.raises(BadInput, match="needs the phrase"):
        usable(("{domain}: {c}",), "")
    assert filled(("a {c}, a {domain}",), ["{domain}"], "x") == [["a {domain}, a x"]]


def test_cases_hold_each_picture_with_its_classes(small: Made, tmp_path: Path) -> None:
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, keep=3)
    assert Cases("cases.parquet", 84) in events
    table = pq.read_table(tmp_path / "cases.parquet")
    assert table.schema.equals(SCHEMA)
    scores_NC = small.units() @ small.texts(*(f"An image of a {name}" for name in small.names)).T
    for number, row in enumerate(table.to_pylist()):
        assert (row["number"], row["unit"], row["prompt"]) == (number,) * 3
        assert (row["direction"], row["prompt_kind"], row["answer_kind"]) == ("classify", "picture", "class")
        label = small.labels_N[number]
        assert row["right"] == label and row["right_score"] == pytest.approx(scores_NC[number, label], abs=1e-6)
        assert row["rank"] == (scores_NC[number] > scores_NC[number, label]).sum() + 1
        assert row["given"] == np.argsort(-scores_NC[number])[:3].tolist()
        assert row["margin"] == pytest.approx(row["right_score"] - np.delete(scores_NC[number], label).max(), abs=1e-6)
    assert pq.read_table(tmp_path / "queries.parquet")["id"].to_pylist() == small.item_ids


def test_tables_behind_plots_add_up(small: Made, tmp_path: Path) -> None:
    found = metrics_of(run_method(KEY, tmp_path, data=small.data, encoder=small.encoder))
    tables = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "plots").iterdir()}
    assert set(tables) == {"confusion", "classes"}
    assert sum(tables["confusion"]["count"]) == 84
    right = sum(
        c for c, a, b in zip(*(tables["confusion"][n] for n in ("count", "right", "given")), strict=True) if a == b
    )
    assert right / 84 == found["accuracy@1"].value
    assert tables["classes"]["name"] == small.names and tables["classes"]["pictures"] == [12] * 7
    assert tables["classes"]["f1"][0] == found["f1/ant"].value


def test_a_depth_beyond_the_classes_is_left_out_with_a_warning(tmp_path: Path) -> None:
    few = made(tmp_path, names=("ant", "bee"), pictures=4)
    events = run_method(KEY, tmp_path / "out", data=few.data, encoder=few.encoder)
    assert "accuracy@5" not in metrics_of(events)
    assert any("accuracy@5 is left out, there are only 2 classes" in warning for warning in warnings_of(events))
    one = made(tmp_path / "one", names=("ant",), pictures=3)
    found = metrics_of(run_method(KEY, tmp_path / "out1", data=one.data, encoder=one.encoder))
    assert found["accuracy@1"].value == 1.0 and found["ece"].value == 0.0


def test_names_of_any_script_and_length_are_percent_encoded(tmp_path: Path) -> None:
    names = ("紅白の旗 / flag", "é" * 200, "a {domain} & b")
    strange = made(tmp_path, names=names, pictures=3)
    found = metrics_of(
        run_method(KEY, tmp_path / "out", data=strange.data, encoder=strange.encoder, templates="domain")
    )
    for name in names:
        assert found[f"f1/{quote(name, safe='')}"].n == 3
    assert all(name.isascii() and name.count("/") <= 1 for name in found)


def test_classes_of_one_name_are_refused_by_name(tmp_path: Path) -> None:
    root = small_sets.class_folders(tmp_path / "set", {"a": 2, "b": 2, "c": 2})
    small_sets.write(root / "classes.json", {"classes": {"a": "Red  fox", "b": "red fox"}})
    with pytest.raises(BadInput, match=r"called alike: “Red fox” \(2 times\)") as caught:
        open_classification(f"imagefolder:{root}")
    assert caught.value.field == "data"


def test_a_set_without_classes_is_refused(tmp_path: Path) -> None:
    root = small_sets.coco(tmp_path / "set")
    with pytest.raises(BadInput, match="has no class for its pictures") as caught:
        open_classification(f"coco:{root}")
    assert caught.value.field == "data"
    with pytest.raises(BadInput) as caught:
        open_classification("imagefolder:/nowhere")
    assert caught.value.field == "data"


def test_a_picture_listed_twice_is_told(tmp_path: Path) -> None:
    root = small_sets.class_folders(tmp_path / "set", {"a": 2, "b": 1})
    (root / "b" / "again.jpg").write_bytes((root / "a" / "0.jpg").read_bytes())
    remarks = open_classification(f"imagefolder:{root}").remarks
    assert any("b/again.jpg (b) is the same picture as a/0.jpg (a)" in remark for remark in remarks)
    with (root / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), ("a/0.jpg", "x"), ("a/1.jpg", "y"), ("a/0.jpg", "x")])
    labelled = open_classification(f"imagefolder:{root / 'list.csv'}")
    assert len(labelled.labels_N) == 2
    assert any("list.csv, line 4" in remark and "stands here again" in remark for remark in labelled.remarks)


def test_a_published_set_is_checked_by_its_classes(tmp_path: Path) -> None:
    root = small_sets.class_folders(tmp_path / "set", {"normal": 1, "tumor": 1})
    labelled = open_classification(f"imagefolder:{root}", expects="patch-camelyon")
    assert labelled.domain == "histopathology image of lymph node tissue"
    with pytest.raises(BadInput, match="Military-Vehicles has 18 classes") as caught:
        open_classification(f"imagefolder:{root}", expects="military-vehicles")
    assert caught.value.field == "expects"
    eggs = small_sets.class_folders(tmp_path / "eggs", {f"species {number}": 1 for number in range(11)})
    remarks = open_classification(f"imagefolder:{eggs}", expects="parasitic-egg").remarks
    assert any("calls 11 of these classes otherwise" in remark for remark in remarks)


@pytest.mark.slow
def test_a_real_model_tells_pictures_apart_by_its_own_scale(tmp_path: Path) -> None:
    root = small_sets.class_folders(tmp_path / "set", {"red ball": 3, "blue cube": 2})
    events = run_method(KEY, tmp_path / "out", data=f"imagefolder:{root}", encoder=f"hf:{tiny_clip()}")
    facts = {name: value for event in events if event.kind == "provenance" for name, value in event.facts.items()}
    assert facts["logit_scale_from"] == "model" and facts["logit_scale"] == pytest.approx(14.2857, rel=1e-3)
    again = run_method(KEY, tmp_path / "out", data=f"imagefolder:{root}", encoder=f"hf:{tiny_clip()}")
    assert metrics_of(again) == metrics_of(events)
