"""Captions of pictures by a model that sees: style by example, the model's own prediction, never the label."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ml_core.datasets.opening import open_dataset
from ml_core.events import Log, Metric, Provenance
from ml_core.generators import door
from ml_core.generators.recorded import read_image_captions
from ml_core.generators.types import NoAnswer
from ml_core.spec import BadInput
from ml_core.zeroshot.captioning.image_side import examples_for
from tests import tiny_generators, tiny_models
from tests.ml_core import small_sets
from tests.ml_core.generators.serving import Reply, completion, prompt_of, serving
from tests.ml_core.recorded import run_method
from tests.tiny_generators import COLOURS, colour_picture


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pictures of each colour, in folders named by colour; one lies in the wrong folder."""
    root = tmp_path_factory.mktemp("coloured")
    for name in COLOURS:
        (root / name).mkdir()
        for seed in range(2):
            (root / name / f"{name}-{seed}.png").write_bytes(colour_picture(name, seed))
    (root / "red" / "red-1.png").write_bytes(colour_picture("blue", 9))
    small_sets.write(root / "captions.json", {name: [f"a {name} thing", f"{name} all over"] for name in COLOURS})
    return root


def wrote(out: Path, root: Path, **values: Any) -> tuple[list[dict[str, Any]], dict[str, float], list[Any]]:
    settings = {"generator": f"local:{tiny_generators.tiny_llava()}", "max_tokens": 40, "temperature": 0} | values
    events = run_method("synce.image_captions", out, data=f"imagefolder:{root}", **settings)
    metrics = {event.name: event.value for event in events if isinstance(event, Metric) and event.step is None}
    return json.loads((out / "image_captions.json").read_text("utf-8"))["predictions"], metrics, events


def test_a_local_model_says_what_it_sees_even_where_the_label_is_another(tmp_path: Path, coloured: Path) -> None:
    encoder = f"hf:{tiny_models.tiny_clip()}"
    told, metrics, events = wrote(tmp_path, coloured, class_captions=str(coloured / "captions.json"), encoder=encoder)
    seen = {entry["filename"]: entry for entry in told}
    assert len(seen) == 8 and seen["green/green-0.png"]["description"] == ["a plain green picture"]
    assert seen["green/green-0.png"]["predicted_class"] == "green"
    assert seen["red/red-1.png"]["predicted_class"] == "blue"
    assert len({value for entry in told for value in entry["similarities"]}) > 4
    assert metrics["captions"] == 8 and metrics["predicted"] == 1 and metrics["tokens_out"] == 8 * 12
    (facts,) = [event.facts for event in events if isinstance(event, Provenance)]
    assert facts["examples"] == 3 and len(facts["generator_revision"]) == 64
    read = read_image_captions(str(tmp_path / "image_captions.json"), open_dataset(f"imagefolder:{coloured}"))
    assert read.predicted.count("blue") == 3


def test_predictions_may_be_left_out(tmp_path: Path, coloured: Path) -> None:
    told, metrics, events = wrote(tmp_path, coloured, predict=False, count=1)
    assert {entry["predicted_class"] for entry in told} == {None} and metrics["predicted"] == 0
    assert all(len(entry["description"]) == 1 and "similarities" not in entry for entry in told)
    assert any("no examples of the style" in event.message for event in events if isinstance(event, Log))


def test_recorded_predictions_that_were_written_from_the_labels_are_refused(tmp_path: Path, coloured: Path) -> None:
    names = [(name, f"{name}/{name}-{seed}.png") for name in COLOURS for seed in range(2)]
    for right, out in ((8, "leak"), (7, "made")):
        rows = [
            {"filename": file, "description": ["a thing"], "predicted_class": name if place < right else None}
            for place, (name, file) in enumerate(names)
        ]
        path = tmp_path / f"{out}.json"
        small_sets.write(path, {"predictions": rows})
        if right == 7:
            _, _, events = wrote(tmp_path / out, coloured, generator=f"recorded:{path}")
            (told,) = [event for event in events if isinstance(event, Metric) and event.name == "predicted"]
            assert (told.value, told.n) == (7 / 8, 8) and 0.5 < told.low < told.value < told.high < 1
            continue
        for values in ({"generator": f"recorded:{path}"}, {"base": str(path), "only": ["red/red-1.png"]}):
            with pytest.raises(BadInput, match="the file holds the labels themselves"):
                wrote(tmp_path / out, coloured, **values)
        assert not (tmp_path / out / "image_captions.json").exists()


def test_an_endpoint_is_shown_the_picture_the_examples_and_the_classes_but_no_label(
    tmp_path: Path, coloured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def see(body: dict[str, Any], number: int) -> Reply:
        return completion("1. a flat area\n2. no texture\nClass: a submarine")

    with serving(see) as seen:
        monkeypatch.setenv(door.URL, seen.url)
        captions = str(coloured / "captions.json")
        told, metrics, _ = wrote(tmp_path, coloured, generator="endpoint:gpt-4o", class_captions=captions)
    assert all(entry["description"] == ["a flat area", "no texture"] for entry in told)
    assert metrics["predicted"] == 0 and len(seen.bodies) == 8
    for body in seen.bodies:
        assert body["messages"][-1]["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    shown = [prompt_of(body).split("\n") for body in seen.bodies]
    style = [tuple(line for line in lines if line.endswith((" thing", " all over"))) for lines in shown]
    assert all(len(lines) == 3 for lines in style) and len(set(style)) > 1
    assert all("The classes are: blue; green; red; yellow." in lines for lines in shown)


def test_examples_are_drawn_by_picture_and_seed_and_stay_when_pictures_come_and_go() -> None:
    pool = [f"caption {n}" for n in range(30)]
    assert examples_for("a.png", pool, 3, 0) == examples_for("a.png", pool, 3, 0)
    assert examples_for("a.png", pool, 3, 0) != examples_for("a.png", pool, 3, 1)
    assert examples_for("a.png", pool, 3, 0) != examples_for("b.png", pool, 3, 0)
    assert len(set(examples_for("a.png", pool, 40, 0))) == 30 and examples_for("a.png", [], 3, 0) == []


def test_apologies_are_asked_again_and_then_named(
    tmp_path: Path, coloured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorry = "I'm sorry, but I can't help with that.\nIt is against the policy."
    with serving(lambda body, number: completion(sorry)) as seen:
        monkeypatch.setenv(door.URL, seen.url)
        with pytest.raises(NoAnswer, match=r"captions of “blue/blue-0.png”.* and 3 more.*I'm sorry"):
            wrote(tmp_path, coloured, generator="endpoint:m", rounds=1)
    assert len(seen.bodies) == 16 and not list(tmp_path.glob("image_captions*"))


def test_a_picture_that_cannot_be_sent_is_named_by_its_file(
    tmp_path: Path, coloured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(coloured, tmp_path / "set")
    whole = (tmp_path / "set/red/red-0.png").read_bytes()
    with serving(lambda body, number: completion("a flat area")) as seen:
        monkeypatch.setenv(door.URL, seen.url)
        for number, data in enumerate((b"", whole[: len(whole) // 2])):
            (tmp_path / "set/red/red-0.png").write_bytes(data)
            with pytest.raises((NoAnswer, BadInput), match=r"red/red-0\.png"):
                wrote(tmp_path / str(number), tmp_path / "set", generator="endpoint:m")


def test_one_caption_at_most_pictures_is_told_of(
    tmp_path: Path, coloured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def see(body: dict[str, Any], number: int) -> Reply:
        return completion("A vehicle." if number % 8 < alike else f"a thing of kind {number}")

    with serving(see) as seen:
        monkeypatch.setenv(door.URL, seen.url)
        for alike in (5, 4):
            _, _, events = wrote(tmp_path / str(alike), coloured, generator="endpoint:m", concurrency=1)
            told = [event.message for event in events if isinstance(event, Log) and event.level == "warning"]
            assert any("5 of 8 pictures share the caption “A vehicle.”" in line for line in told) == (alike == 5)


def test_a_picture_without_a_caption_is_asked_for_again_then_named(
    tmp_path: Path, coloured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(body: dict[str, Any], number: int) -> Reply:
        return completion("Class: red" if number < least else "a flat area")

    with serving(blind) as seen:
        monkeypatch.setenv(door.URL, seen.url)
        least = 8
        told, _, _ = wrote(tmp_path / "a", coloured, generator="endpoint:m", concurrency=1)
        assert len(seen.bodies) == 16 and all(entry["description"] == ["a flat area"] for entry in told)
        least = 1000
        with pytest.raises(NoAnswer, match=r"captions of “blue/blue-0.png”.* and 3 more.*Class: red"):
            wrote(tmp_path / "b", coloured, generator="endpoint:m", rounds=1)
    assert not list((tmp_path / "b").glob("image_captions*"))


def test_examples_from_a_class_that_the_set_has_no_pictures_of_are_refused_by_that_reason(
    tmp_path: Path, coloured: Path
) -> None:
    shutil.copytree(coloured, tmp_path / "set")
    (tmp_path / "set" / "purple").mkdir()
    told = {name: [f"a {name} thing"] for name in (*COLOURS, "purple")}
    small_sets.write(tmp_path / "captions.json", told)
    with pytest.raises(BadInput, match="the class “purple” has no pictures in the data set"):
        wrote(tmp_path / "out", tmp_path / "set", class_captions=str(tmp_path / "captions.json"))
