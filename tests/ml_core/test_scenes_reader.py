"""Opening scenes: the same reference gives the same data set, and wrong ones say what is wrong."""

import hashlib

import numpy as np
import pytest

from ml_core.datasets.checking import Look
from ml_core.datasets.opening import open_dataset, read_dataset
from ml_core.datasets.scenes.kinds import KINDS
from ml_core.spec import BadInput


@pytest.fixture(scope="module")
def dataset():
    return open_dataset("scenes:40?size=64")


def test_a_reference_gives_the_same_data_set_every_time(dataset):
    assert open_dataset("scenes:40?size=64").content_hash == dataset.content_hash
    assert open_dataset("scenes:40?size=64&seed=8").content_hash != dataset.content_hash
    assert open_dataset("scenes:40?size=64&split=train").content_hash != dataset.content_hash


def test_a_scene_does_not_depend_on_how_many_are_drawn(dataset):
    few = open_dataset("scenes:11?size=64")
    assert few.item_ids == dataset.item_ids[:11]
    assert few.file_hashes == dataset.file_hashes[:11]
    assert few.caption_texts == dataset.caption_texts[:55]


def test_pictures_drawn_by_several_processes_are_the_same():
    many = open_dataset("scenes:300?size=96")
    few = open_dataset("scenes:20?size=96")
    assert many.file_hashes[:20] == few.file_hashes


@pytest.mark.parametrize("reference", ["scenes:25?size=64", "scenes:300?size=96"])
def test_it_is_told_how_many_pictures_are_drawn(reference):
    told = []
    dataset, _ = read_dataset(reference, Look(tell=lambda *said: told.append(said)))
    total = len(dataset.item_ids)
    assert told == [("Drawing pictures", done, total) for done in [*range(10, total, 10), total]]


@pytest.mark.parametrize("reference", ["scenes:25?size=64", "scenes:300?size=96"])
def test_drawing_ends_where_the_listener_says_so(reference):
    class Enough(Exception):
        pass

    told = []

    def tell(stage, done, total):
        told.append(done)
        raise Enough

    with pytest.raises(Enough):
        read_dataset(reference, Look(tell=tell))
    assert told == [10]


def test_hashes_and_sizes_are_those_of_the_bytes(dataset):
    for number in (0, 7, 39):
        data = dataset.open_bytes(number)
        assert hashlib.sha256(data).hexdigest() == dataset.file_hashes[number]
        assert len(data) == dataset.file_sizes[number]


def test_a_picture_that_memory_does_not_keep_is_drawn_again_with_the_same_bytes(dataset, monkeypatch):
    monkeypatch.setattr("ml_core.datasets.scenes.reader.IN_MEMORY", 5000)
    again = open_dataset("scenes:12?size=64")
    assert again.open_bytes(11) == dataset.open_bytes(11)


def test_every_picture_has_five_captions_boxes_of_coco_categories_and_facts(dataset):
    np.testing.assert_array_equal(np.bincount(dataset.caption_items), np.full(40, 5))
    assert len(dataset.facts) == 40
    ids = {kind.category_id: kind.category for kind in KINDS.values()}
    assert dict(zip(dataset.category_ids, dataset.category_names, strict=True)) == ids
    counted = [sum(group["count"] for group in facts["groups"]) for facts in dataset.facts]
    np.testing.assert_array_equal(np.bincount(dataset.box_items, minlength=40), counted)
    kinds = {kind.category: kind.name for kind in KINDS.values()}
    for item, category in zip(dataset.box_items, dataset.box_categories, strict=True):
        shown = {group["kind"] for group in dataset.facts[item]["groups"]}
        assert kinds[dataset.category_names[category]] in shown


def test_facts_tell_family_sibling_and_factor_and_what_each_caption_mentions(dataset):
    assert [facts["factor"] for facts in dataset.facts[:2]] == ["base", "nearduplicate"]
    assert [(facts["family"], facts["sibling"]) for facts in dataset.facts[6:10]] == [(0, 6), (0, 7), (1, 0), (1, 1)]
    assert all(len(facts["captions"]) == 5 for facts in dataset.facts)
    assert all(caption["mentions"] for facts in dataset.facts for caption in facts["captions"])


def test_near_duplicates_have_equal_facts_and_different_bytes(dataset):
    for base in range(0, 40, 8):
        one, other = dataset.facts[base], dataset.facts[base + 1]
        assert all(one[part] == other[part] for part in ("place", "groups", "relation"))
        assert dataset.file_hashes[base] != dataset.file_hashes[base + 1]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("scenes:0", "whole number from 1"),
        ("scenes:many", "'many'"),
        ("scenes:-5", "'-5'"),
        ("scenes:1000000", "200000"),
        ("scenes:10?size=8", "from 32"),
        ("scenes:10?size=huge", "'huge'"),
        ("scenes:10?split=test", "heldout or train"),
        ("scenes:10?seed=x", "seed"),
        ("scenes:10?colour=red", "no option 'colour'"),
    ],
)
def test_a_wrong_reference_says_what_is_wrong(reference, words):
    with pytest.raises(BadInput, match=words):
        open_dataset(reference)
