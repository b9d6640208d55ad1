"""Samples by hash: the same whatever else is there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_core.datasets.frozen import write_frozen
from ml_core.datasets.opening import open_dataset, split_reference
from ml_core.datasets.sampling import chosen
from ml_core.spec import BadInput
from ml_core.store import Store
from tests.ml_core.small_sets import coco, write

IDS = st.lists(st.text(min_size=1, max_size=6), unique=True, min_size=2, max_size=40)


@given(IDS, st.integers(1, 40), st.integers(0, 9))
def test_losing_an_item_outside_the_sample_moves_nothing(ids, sample, seed):
    kept = {ids[position] for position in chosen(ids, sample, seed)}
    outside = [item for item in ids if item not in kept]
    for lost in outside[:3]:
        fewer = [item for item in ids if item != lost]
        assert {fewer[position] for position in chosen(fewer, sample, seed)} == kept


@given(IDS, st.integers(1, 40), st.integers(0, 9))
def test_a_larger_sample_holds_the_smaller_one(ids, sample, seed):
    assert set(chosen(ids, sample, seed)) <= set(chosen(ids, sample + 1, seed))


def test_another_seed_chooses_others():
    ids = [str(number) for number in range(1000)]
    assert len(set(chosen(ids, 100, 1)) & set(chosen(ids, 100, 2))) < 40


def test_a_sample_of_the_source_and_of_the_frozen_set_are_the_same(tmp_path):
    root = coco(tmp_path / "set", 30)
    store = Store(str(tmp_path / "store"))
    write_frozen(open_dataset(f"coco:{root}"), store, "a")
    sample = open_dataset(f"coco:{root}?sample=7&seed=3")
    assert open_dataset(f"frozen:{store.url}/a?sample=7&seed=3").content_hash == sample.content_hash
    assert sample.about["sample"] == 7
    manifest = write_frozen(sample, store, "b")
    assert manifest["meta"] == "meta_7_seed3.json"
    assert len(json.loads(store.read_bytes("b/meta_7_seed3.json"))["images"]) == 7


def test_captions_boxes_and_pictures_stay_together_in_a_sample(tmp_path):
    dataset = open_dataset(f"coco:{coco(tmp_path / 'set', 30)}?sample=7&seed=3")
    for number, item in enumerate(dataset.item_ids):
        texts = [dataset.caption_texts[k] for k in range(35) if dataset.caption_items[k] == number]
        assert all(text.startswith(f"Picture {item},") for text in texts)
        assert dataset.box_items.tolist().count(number) == 1
        assert dataset.open_bytes(number) == (tmp_path / "set" / "images" / dataset.file_names[number]).read_bytes()


def test_a_sample_reads_no_other_pictures(tmp_path):
    root = coco(tmp_path / "set", 30)
    names = set(open_dataset(f"coco:{root}?sample=7&seed=3").file_names)
    for path in (root / "images").iterdir():
        if path.name not in names:
            path.unlink()
    assert set(open_dataset(f"coco:{root}?sample=7&seed=3").file_names) == names


@pytest.mark.parametrize("tail", ["sample=0", "sample=many", "sample=5&seed=-1", "colour=red", "broken=maybe"])
def test_an_option_that_makes_no_sense_is_refused(tmp_path, tail):
    with pytest.raises(BadInput):
        open_dataset(f"coco:{coco(tmp_path / 'set')}?{tail}")


def test_a_question_mark_in_a_path_is_part_of_it(tmp_path):
    assert split_reference("coco:/a/what?/b") == ("coco", "/a/what?/b", {})
    assert split_reference("coco:/a/what?/b?sample=5") == ("coco", "/a/what?/b", {"sample": "5"})
    root = coco(tmp_path / "what?")
    assert len(open_dataset(f"coco:{root}").item_ids) == 3


def test_a_reference_of_no_kind_lists_the_kinds_there_are(tmp_path):
    with pytest.raises(BadInput, match=r"'cocoa' is no kind of data set; .*coco:PATH, flickr:PATH"):
        open_dataset("cocoa:/x")
    with pytest.raises(BadInput, match=r"names nothing"):
        open_dataset("coco:")


def test_the_format_of_a_folder_is_found_out(tmp_path):
    (tmp_path / "zip" / "__MACOSX").mkdir(parents=True)
    coco(tmp_path / "zip" / "inner")
    assert len(open_dataset(f"auto:{tmp_path / 'zip'}").item_ids) == 3
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BadInput, match=r"looks like no data set we know"):
        open_dataset(f"auto:{tmp_path / 'nothing'}")


def test_a_big_number_as_an_id_keeps_its_digits(tmp_path):
    root = coco(tmp_path / "set", 1)
    data = json.loads((root / "annotations" / "captions.json").read_text())
    data["images"][0]["id"] = data["annotations"][0]["image_id"] = 12345678901234567890
    write(root / "annotations" / "captions.json", data)
    assert open_dataset(f"coco:{root}").item_ids == ["12345678901234567890"]
