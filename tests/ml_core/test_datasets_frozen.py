"""Writing frozen sets and reading them back."""

import json

import numpy as np
import pytest

from ml_core.datasets.checking import Look
from ml_core.datasets.frozen import picture_key, read_frozen, write_frozen
from ml_core.datasets.opening import open_dataset
from ml_core.spec import BadInput
from ml_core.store import Store
from tests.ml_core.small_sets import class_folders, coco, picture


@pytest.fixture
def dataset(tmp_path):
    return open_dataset(f"coco:{coco(tmp_path / 'set', 6)}")


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


def same(one, other):
    for name in ("task", "item_ids", "file_names", "file_hashes", "caption_ids", "caption_texts", "category_names"):
        assert getattr(one, name) == getattr(other, name), name
    for name in (
        "file_sizes",
        "widths",
        "heights",
        "caption_items",
        "box_items",
        "box_categories",
        "boxes_B4",
        "labels",
    ):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.content_hash == other.content_hash
    assert [one.open_bytes(n) for n in range(len(one.item_ids))] == [
        other.open_bytes(n) for n in range(len(other.item_ids))
    ]


def test_what_is_written_is_read_back(dataset, store):
    manifest = write_frozen(dataset, store, "corpora/7", name="My set")
    same(dataset, read_frozen(store, "corpora/7"))
    assert manifest["counts"] | {"bytes": 0} == {"items": 6, "captions": 30, "categories": 2, "boxes": 6, "bytes": 0}
    same(dataset, open_dataset(f"frozen:{store.url}/corpora/7"))


def test_a_classification_set_and_drawn_scenes_are_read_back(tmp_path, store):
    folders = open_dataset(f"imagefolder:{class_folders(tmp_path / 'set', {'a': 2, 'b': 1})}")
    scenes = open_dataset("scenes:6?size=64")
    for name, dataset in {"one": folders, "two": scenes}.items():
        write_frozen(dataset, store, name)
        same(dataset, read_frozen(store, name))
    assert read_frozen(store, "two").facts == json.loads(json.dumps(scenes.facts))
    assert read_frozen(store, "two").about["simulated"] is True


def test_it_may_lie_at_any_fsspec_address(dataset):
    store = Store("memory://frozen-test")
    write_frozen(dataset, store, "a")
    same(dataset, open_dataset("frozen:memory://frozen-test/a"))


def test_a_killed_writing_goes_on_where_it_was(dataset, store):
    def stop(stage, done, total):
        if done:
            raise InterruptedError

    opened = []
    few = Look(workers=1, tell=stop)
    with pytest.raises(InterruptedError):
        write_frozen(dataset, store, "a", look=few)
    assert not store.exists("a/frozen.json")
    store.delete(picture_key("a", dataset.file_hashes[2]))
    original = dataset.open_bytes
    object.__setattr__(dataset, "open_bytes", lambda number: opened.append(number) or original(number))
    write_frozen(dataset, store, "a")
    assert opened == [2]
    same(dataset, read_frozen(store, "a"))


def test_a_picture_that_changed_since_it_was_looked_at_is_refused(tmp_path, dataset, store):
    (tmp_path / "set" / "images" / "000000000002.jpg").write_bytes(picture(77))
    with pytest.raises(BadInput, match=r"000000000002.jpg: the file was changed"):
        write_frozen(dataset, store, "a")
    assert not store.exists("a/frozen.json")


def test_a_changed_table_or_picture_is_refused(dataset, store):
    write_frozen(dataset, store, "a")
    store.write_bytes(picture_key("a", dataset.file_hashes[0]), picture(99))
    with pytest.raises(BadInput, match=r"picture 0 does not match its hash"):
        read_frozen(store, "a").open_bytes(0)
    manifest = json.loads(store.read_bytes("a/frozen.json"))
    store.write_bytes("a/frozen.json", json.dumps(manifest | {"content_hash": "0" * 64}).encode())
    with pytest.raises(BadInput, match=r"do not match its content hash"):
        read_frozen(store, "a")


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "broken JSON"), ("{}", "not in the format"), ('{"format": "nearmiss-dataset-1"}', "missing: about")],
)
def test_a_manifest_that_is_none_is_refused(store, text, told):
    store.write_bytes("a/frozen.json", text.encode())
    with pytest.raises(BadInput, match=told):
        read_frozen(store, "a")
    with pytest.raises(BadInput, match=r"there is no frozen.json"):
        read_frozen(store, "b")


def test_the_frozen_order_is_written_out(dataset, store):
    manifest = write_frozen(dataset, store, "a")
    order = json.loads(store.read_bytes(f"a/{manifest['meta']}"))
    assert order["content_hash"] == dataset.content_hash
    assert [image["image_id"] for image in order["images"]] == dataset.item_ids
    assert [caption["id"] for caption in order["images"][1]["captions"]] == ["20", "21", "22", "23", "24"]
