"""Scenes as classes: pictures of what names do not tell, and captions of either side that hold no label."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.scenes.classes import LOOKS, label_of, scene_of
from ml_core.datasets.scenes.world import split_of
from ml_core.generators import of_scenes
from ml_core.generators.recorded import read_class_captions, read_image_captions, refuse_leak
from ml_core.spec import BadInput

PICTURES = 36
REFERENCE = f"scenes:{PICTURES}?task=classification&seed=5&size=32"


def test_every_picture_shows_what_its_class_looks_like_and_is_in_its_split_alone():
    for number in range(PICTURES):
        scene, look = scene_of(5, "heldout", number), LOOKS[label_of(number)]
        assert (look.kind, look.colour) in {(group.kind, group.colour) for group in scene.groups}
        assert split_of(scene) == "heldout"


def test_names_tell_nothing_of_looks():
    words = {word for look in LOOKS for word in (look.kind, look.colour)}
    assert not words & {look.name.lower() for look in LOOKS}


def test_written_captions_fit_the_set_and_are_no_labels(tmp_path: Path):
    dataset = open_dataset(REFERENCE)
    assert dataset.task == "classification" and dataset.about["domain"] == "vehicle"
    assert open_dataset(REFERENCE).content_hash == dataset.content_hash
    classes, pictures = tmp_path / "classes.json", tmp_path / "pictures.json"
    classes.write_text(of_scenes.class_captions(), "utf-8")
    pictures.write_text(of_scenes.image_captions(PICTURES, seed=5), "utf-8")
    assert len(read_class_captions(str(classes), dataset.category_names).captions) == len(LOOKS)
    told = read_image_captions(str(pictures), dataset)
    labels = [dataset.category_names[label] for label in dataset.labels]
    refuse_leak(told.predicted, labels)
    assert {guess != label for guess, label in zip(told.predicted, labels, strict=True)} == {True, False}
    assert not {look.name for look in LOOKS} & {word for row in told.captions for text in row for word in text.split()}


def test_an_unknown_task_is_refused():
    with pytest.raises(BadInput, match="no task"):
        open_dataset("scenes:4?task=poetry")
