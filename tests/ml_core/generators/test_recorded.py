"""Caption files in the published layout: what is read, and that everything wrong with one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from ml_core.generators.recorded import (
    class_layout,
    image_layout,
    read_class_captions,
    read_image_captions,
    refuse_leak,
)
from ml_core.spec import BadInput
from ml_core.zeroshot.data import open_classification
from tests.ml_core import small_sets

NAMES = ["tank", "heavy truck"]


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = small_sets.class_folders(tmp_path_factory.mktemp("birds"), {"wren": 2, "tit": 1})
    return open_dataset(f"imagefolder:{root}")


def written(folder: Path, content: Any) -> str:
    path = folder / "captions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def complaint(folder: Path, content: Any, names: list[str] = NAMES) -> str:
    with pytest.raises(BadInput) as caught:
        read_class_captions(written(folder, content), names)
    assert caught.value.field == "class_captions"
    return str(caught.value)


def image_complaint(folder: Path, dataset: Dataset, content: Any) -> str:
    with pytest.raises(BadInput) as caught:
        read_image_captions(written(folder, content), dataset)
    assert caught.value.field == "image_captions"
    return str(caught.value)


def pictures(*names: str, **changes: Any) -> dict[str, Any]:
    entry = {"description": ["small and brown"], "predicted_class": None} | changes
    return {"predictions": [{"filename": name, **entry} for name in names]}


def test_class_captions_come_in_the_order_of_the_names_asked_for(tmp_path: Path) -> None:
    content = {
        "_meta": {"model": "a"},
        "heavy truck": {"captions": ["six  wheels", "a bed"], "similarities": [0.5, 0.25]},
        "tank": {"captions": ["a turret"]},
    }
    found = read_class_captions(written(tmp_path, content), NAMES)
    assert found.captions == [["a turret"], ["six wheels", "a bed"]]
    assert found.similarities == [None, [0.5, 0.25]]
    assert found.meta == {"model": "a"} and not found.warnings


def test_bare_lists_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    found = read_class_captions(written(tmp_path, "\ufeff" + json.dumps({"tank": ["a"], "heavy truck": ["b"]})), NAMES)
    assert found.captions == [["a"], ["b"]]


def test_every_missing_extra_and_empty_class_is_named_in_one_message(tmp_path: Path) -> None:
    content = {"Heavy_Truck": ["b"], "ship": ["c"], "jet": {"captions": []}, "car": ["", 3]}
    told = complaint(tmp_path, content, ["tank", "heavy truck", "jet", "car"])
    for part in ("“tank” is missing", "“ship” is no class", "(is “heavy truck” meant?)", "“jet” has no caption"):
        assert part in told
    assert "“car”: caption 1 is empty" in told and "“car”: caption 2 is no text" in told


def test_a_class_that_stands_twice_is_named_though_json_would_keep_the_last(tmp_path: Path) -> None:
    assert "“tank” stands 2 times" in complaint(tmp_path, '{"tank": ["a"], "heavy truck": ["b"], "tank": ["c"]}')


def test_one_accent_written_in_two_ways_is_one_letter(tmp_path: Path) -> None:
    found = read_class_captions(written(tmp_path, {"e\u0301tang": ["water"], "塔": ["高"]}), ["\u00e9tang", "塔"])
    assert found.captions == [["water"], ["高"]]
    told = complaint(tmp_path, {"e\u0301tang": ["a"], "\u00e9tang": ["b"]}, ["\u00e9tang"])
    assert "stands in it twice" in told


def test_very_long_class_names_work_and_are_shortened_in_messages(tmp_path: Path) -> None:
    name = "x" * 3000
    assert read_class_captions(written(tmp_path, {name: ["a"]}), [name]).captions == [["a"]]
    assert len(complaint(tmp_path, {name: []}, [name])) < 300


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "broken JSON at line 1"),
        ("[]", "a JSON object is wanted"),
        ('{"tank": ["a"], "heavy truck": {"captions": ["b"], "similarities": [1, 2]}}', "numbers from -1 to 1"),
        ('{"tank": ["a"], "heavy truck": {"captions": ["b"], "similarities": [0.1, 0.2]}}', "2 similarities for 1"),
        ('{"tank": ["a"], "heavy truck": {"captions": ["b"], "similarities": [NaN]}}', "NaN"),
        ('{"tank": "a turret", "heavy truck": ["b"]}', "“tank”: “captions” must be a list"),
        ('{"_meta": 1, "tank": ["a"], "heavy truck": ["b"]}', "“_meta” must be an object"),
        ('{"tank": ["\\ud800"], "heavy truck": ["b"]}', "is not valid text"),
    ],
)
def test_what_cannot_be_read_says_where(tmp_path: Path, text: str, part: str) -> None:
    assert part in complaint(tmp_path, text)


def test_a_class_that_was_left_out_for_want_of_pictures_is_said_to_have_none(tmp_path: Path) -> None:
    root = small_sets.class_folders(tmp_path / "set", {"tank": 1, "heavy_truck": 1, "light_tank": 0, "jeep": 0})
    small_sets.write(root / "classes.json", {"classes": {"jeep": "Jeep (4×4)"}})
    labelled = open_classification(f"imagefolder:{root}")
    assert sorted(labelled.class_names) == sorted(NAMES) and labelled.empty_classes == ["Jeep (4×4)", "light tank"]
    content = {name: ["a"] for name in (*NAMES, "light tank", "Jeep (4×4)", "boat")}
    with pytest.raises(BadInput) as caught:
        read_class_captions(written(tmp_path, content), labelled.class_names, labelled.empty_classes)
    for told in ("the class “light tank” has no pictures", "“Jeep (4×4)” has no pictures", "“boat” is no class of"):
        assert told in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_class_captions(str(tmp_path / "none.json"), NAMES)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_class_captions(str(tmp_path / "bytes.json"), NAMES)


def test_two_classes_of_one_name_are_refused(tmp_path: Path) -> None:
    assert "two classes of the data set are called “tank”" in complaint(tmp_path, {"tank": ["a"]}, ["tank", "tank"])


def test_repeated_captions_and_a_constant_similarity_are_warned_of(tmp_path: Path) -> None:
    constant = {"captions": ["a", "A"], "similarities": [0.9, 0.9]}
    found = read_class_captions(written(tmp_path, {"tank": constant, "heavy truck": ["b"]}), NAMES)
    assert "1 caption repeats" in found.warnings[0] and "0.9" in found.warnings[1]


def test_what_is_written_is_read_again(tmp_path: Path, birds: Dataset) -> None:
    captions = [["a “turret”", "b"], ["c"]]
    text = class_layout(NAMES, captions, [[0.5, 0.25], None], {"model": "é"})
    found = read_class_captions(written(tmp_path, text), NAMES)
    assert (found.captions, found.similarities, found.meta) == (captions, [[0.5, 0.25], None], {"model": "é"})
    text = image_layout(birds.file_names, [["a"], ["b", "c"], ["d"]], ["wren", None, "tit"], {})
    images = read_image_captions(written(tmp_path, text), birds)
    assert images.captions == [["a"], ["b", "c"], ["d"]] and images.predicted == ["wren", None, "tit"]


def test_pictures_are_found_by_id_file_name_or_a_last_part_of_their_own(tmp_path: Path, birds: Dataset) -> None:
    assert birds.file_names == ["tit/0.jpg", "wren/0.jpg", "wren/1.jpg"]
    content = pictures("1.jpg", "wren/0.jpg", "./tit/0.jpg", description="one text", predicted_class=" owl ")
    found = read_image_captions(written(tmp_path, content), birds)
    assert found.captions == [["one text"]] * 3 and found.predicted == ["owl"] * 3
    assert "1 predicted classes are none of the data set's (“owl”)" in found.warnings[0]


def test_every_picture_that_is_missing_unknown_twice_or_ambiguous_is_named(tmp_path: Path, birds: Dataset) -> None:
    content = pictures("0.jpg", "wren/1.jpg", "1.jpg", "owl.jpg", "other/1.jpg")
    told = image_complaint(tmp_path, birds, content)
    for part in (
        "0.jpg may be any of 2 pictures",
        "the picture 1.jpg is listed twice",
        "owl.jpg is no picture",
        "other/1.jpg is no picture",
        "tit/0.jpg is missing",
        "wren/0.jpg is missing",
    ):
        assert part in told


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"description": []}, "has no caption"),
        ({"description": [" "]}, "caption 1 is empty"),
        ({"description": None}, "“description” must be a list"),
        ({"predicted_class": 3}, "“predicted_class” must be a class or null"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, birds: Dataset, changes: dict[str, Any], part: str) -> None:
    assert part in image_complaint(tmp_path, birds, pictures(*birds.file_names, **changes))


@pytest.mark.parametrize("content", [{}, {"predictions": {}}, {"predictions": [3]}, {"predictions": [{"a": 1}]}])
def test_another_layout_is_refused(tmp_path: Path, birds: Dataset, content: Any) -> None:
    assert "predictions" in image_complaint(tmp_path, birds, content) or "entry 1" in image_complaint(
        tmp_path, birds, content
    )


def test_a_sample_passes_over_the_captions_of_other_pictures(tmp_path: Path) -> None:
    root = small_sets.class_folders(tmp_path / "set", {"wren": 3})
    sample = open_dataset(f"imagefolder:{root}?sample=2")
    found = read_image_captions(written(tmp_path, pictures("0.jpg", "1.jpg", "2.jpg")), sample)
    assert len(found.captions) == 2 and "1 pictures in it are not in the sample" in found.warnings[0]


def test_predictions_that_are_the_labels_are_refused_and_others_are_not() -> None:
    labels = ["blue tit", "wren", "wren"]
    with pytest.raises(BadInput, match="true one for every one of 3 pictures") as caught:
        refuse_leak(["Blue_Tit", "wren", "wren "], labels)
    assert caught.value.field == "image_captions"
    refuse_leak(["blue tit", "wren", "blue tit"], labels)
    refuse_leak(["blue tit", None, None], labels)
    refuse_leak([None, None, None], labels)
    refuse_leak([], [])
    with pytest.raises(BadInput):
        refuse_leak(["wren"] * 20 + [None], ["wren"] * 21)


def test_labels_by_other_names_are_refused_too() -> None:
    labels = ["T-90 tank", "BMP-3"] * 12
    keys = ["t90", "bmp3"] * 12
    with pytest.raises(BadInput, match="“bmp3” is always “BMP-3”, “t90” is always “T-90 tank”") as caught:
        refuse_leak(keys, labels)
    assert caught.value.field == "image_captions"
    with pytest.raises(BadInput, match="every one of 22 pictures"):
        refuse_leak([*keys[:22], None, None], labels)
    refuse_leak([*keys[:23], "t90"], labels)
    refuse_leak(["vehicle"] * 24, labels)
    refuse_leak(["vehicle"] * 24, ["T-90 tank"] * 24)
    refuse_leak(keys[:18], labels[:18])
