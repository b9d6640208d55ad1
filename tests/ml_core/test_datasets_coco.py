"""Reading COCO captions and instances."""

import json

import pytest
from pycocotools.coco import COCO

from ml_core.datasets.opening import open_dataset, read_dataset
from ml_core.spec import BadInput
from tests.ml_core.small_sets import coco, picture, write


def codes(problems):
    return [problem.code for problem in problems]


def captions_of(root):
    return json.loads((root / "annotations" / "captions.json").read_text())


def test_pictures_come_in_order_of_their_ids_whatever_the_order_in_the_file(tmp_path):
    root = coco(tmp_path / "set", 12)
    before = open_dataset(f"coco:{root}")
    data = captions_of(root)
    data["images"].reverse()
    data["annotations"].reverse()
    write(root / "annotations" / "captions.json", data)
    assert before.item_ids == [str(n) for n in range(1, 13)]
    assert open_dataset(f"coco:{root}").content_hash == before.content_hash


def test_the_first_five_captions_by_annotation_id_are_taken(tmp_path):
    root = coco(tmp_path / "set", 1, captions=7)
    dataset = open_dataset(f"coco:{root}")
    assert dataset.caption_ids == ["10", "11", "12", "13", "14"]
    assert len(open_dataset(f"coco:{root}?captions=0").caption_ids) == 7


def test_boxes_and_categories_are_numbered_in_order_of_category_ids(tmp_path):
    dataset = open_dataset(f"coco:{coco(tmp_path / 'set')}")
    assert (dataset.category_ids, dataset.category_names) == ([1, 18], ["person", "dog"])
    assert dataset.box_categories.tolist() == [1, 0, 1]
    assert dataset.boxes_B4[0].tolist() == [4, 6, 10, 12]


def test_boxes_are_scaled_where_pictures_are_stored_smaller_than_declared(tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000001.jpg").write_bytes(picture(1, (20, 15)))
    dataset, problems = read_dataset(f"coco:{root}")
    assert dataset.boxes_B4[0].tolist() == [2, 3, 5, 6]
    assert codes(problems) == ["size-differs"]


def test_the_layout_of_val2017_is_read(tmp_path):
    root = coco(tmp_path / "set")
    (root / "images").rename(root / "val2017")
    for name in ("captions", "instances"):
        (root / "annotations" / f"{name}.json").rename(root / "annotations" / f"{name}_val2017.json")
    assert len(open_dataset(f"coco:{root}").box_items) == 3
    (root / "annotations" / "captions_train2017.json").write_text("{}")
    with pytest.raises(BadInput, match=r"choose one by .split= .train2017, val2017"):
        open_dataset(f"coco:{root}")
    assert open_dataset(f"coco:{root}?split=val2017").item_ids == ["1", "2", "3"]


def test_a_captions_file_is_a_reference_too(tmp_path):
    root = coco(tmp_path / "set")
    assert open_dataset(f"coco:{root}/annotations/captions.json").item_ids == ["1", "2", "3"]


def test_broken_json_is_refused_with_line_and_column(tmp_path):
    root = coco(tmp_path / "set")
    (root / "annotations" / "captions.json").write_text('{"images": [],\n "annotations": [}')
    with pytest.raises(BadInput, match=r"captions.json, line 2, column 18: broken JSON"):
        open_dataset(f"coco:{root}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "a JSON object is wanted"),
        ('{"pictures": []}', "'images' is missing; there is: 'pictures'"),
        ('{"images": {}, "annotations": []}', "'images' should be a list"),
        ('{"images": [], "annotations": []}', "no picture in it can be used; it is empty"),
        ("[" * 100_000, "nested too deeply"),
        ('{"images": [{"id": ' + "9" * 5000 + "}]}", "a number that cannot be read"),
    ],
)
def test_a_file_that_is_no_captions_file_is_refused_in_words(tmp_path, text, told):
    root = coco(tmp_path / "set")
    (root / "annotations" / "captions.json").write_text(text)
    with pytest.raises(BadInput, match=told):
        open_dataset(f"coco:{root}")


@pytest.mark.parametrize(
    "category", [{"id": 1, "name": "half \ud800"}, {"id": 1, "name": "zero \0"}, {"id": 2**40, "name": "far"}]
)
def test_a_category_that_no_database_keeps_is_refused_in_words(tmp_path, category):
    root = coco(tmp_path / "set")
    instances = json.loads((root / "annotations" / "instances.json").read_text())
    instances["categories"][0] = category
    (root / "annotations" / "instances.json").write_text(json.dumps(instances))
    with pytest.raises(BadInput, match=r"instances.json: (the name of category 1|a category) is"):
        open_dataset(f"coco:{root}")


def test_wrong_keys_are_told_with_their_place_and_refuse_the_set(tmp_path):
    root = coco(tmp_path / "set")
    data = captions_of(root)
    data["annotations"][0] = {"id": 10, "image_id": 1, "text": "Not called a caption."}
    data["images"][2] = {"id": "three", "file_name": "x.jpg"}
    write(root / "annotations" / "captions.json", data)
    _, problems = read_dataset(f"coco:{root}")
    places = [problem.place for problem in problems if problem.code == "wrong-keys"]
    assert places == ["captions.json: images[2]", "captions.json: annotations[0]"]
    with pytest.raises(BadInput, match=r"images\[2\]"):
        open_dataset(f"coco:{root}")
    assert open_dataset(f"coco:{root}?broken=skip").item_ids == ["1", "2"]


def test_captions_without_a_picture_and_pictures_without_a_caption_are_told_and_left_out(tmp_path):
    root = coco(tmp_path / "set")
    data = captions_of(root)
    data["annotations"].append({"id": 900, "image_id": 77, "caption": "Nobody knows this picture."})
    data["images"].append({"id": 4, "file_name": "000000000001.jpg"})
    write(root / "annotations" / "captions.json", data)
    dataset, problems = read_dataset(f"coco:{root}")
    assert codes(problems) == ["caption-without-picture", "picture-without-caption"]
    assert dataset.item_ids == ["1", "2", "3"]
    assert "900" not in dataset.caption_ids
    assert dataset.about["without_caption"] == 1


def test_an_id_or_a_picture_that_stands_there_twice_is_told(tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000003.jpg").write_bytes(picture(2))
    data = captions_of(root)
    data["images"].append(data["images"][0] | {"file_name": "another.jpg"})
    data["annotations"].append(data["annotations"][0] | {"caption": "The same id again."})
    write(root / "annotations" / "captions.json", data)
    dataset, problems = read_dataset(f"coco:{root}")
    assert codes(problems) == ["duplicate-id", "duplicate-id", "duplicate-picture"]
    assert len(dataset.item_ids) == 3
    assert dataset.file_names[0] == "000000000001.jpg"


def test_a_caption_of_100_kb_an_empty_one_and_one_that_is_no_text_are_told_with_their_place(tmp_path):
    root = coco(tmp_path / "set")
    data = captions_of(root)
    for position, caption in enumerate(["long " * 20_000, "  ", 7, "half \ud800", "zero \0"]):
        data["annotations"][position]["caption"] = caption
    write(root / "annotations" / "captions.json", data)
    dataset, problems = read_dataset(f"coco:{root}")
    assert codes(problems) == [
        "long-caption",
        "empty-caption",
        "wrong-type",
        "wrong-type",
        "wrong-type",
        "picture-without-caption",
    ]
    assert problems[0].place == "captions.json: annotations[0]"
    assert "100,000 characters" in problems[0].message
    assert dataset.item_ids == ["2", "3"]
    with pytest.raises(BadInput, match=r"100,000 characters"):
        open_dataset(f"coco:{root}")


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "a/../../b.jpg", "..\\b.jpg", ""])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    root = coco(tmp_path / "set")
    (tmp_path / "set" / "secret.jpg").write_bytes(picture(9))
    data = captions_of(root)
    data["images"][0]["file_name"] = name
    write(root / "annotations" / "captions.json", data)
    dataset, problems = read_dataset(f"coco:{root}")
    assert codes(problems) == ["path-outside"]
    assert dataset.item_ids == ["2", "3"]


def test_links_that_lead_out_are_refused_where_a_boundary_is_given(tmp_path):
    root = coco(tmp_path / "allowed" / "set")
    (tmp_path / "secret.jpg").write_bytes(picture(9))
    (root / "images" / "000000000001.jpg").unlink()
    (root / "images" / "000000000001.jpg").symlink_to(tmp_path / "secret.jpg")
    assert len(open_dataset(f"coco:{root}").item_ids) == 3
    dataset, problems = read_dataset(f"coco:{root}?within={tmp_path / 'allowed'}")
    assert codes(problems) == ["path-outside"]
    assert dataset.item_ids == ["2", "3"]
    with pytest.raises(BadInput, match=r"outside the folder"):
        open_dataset(f"coco:{root}?within={tmp_path / 'other'}")


def test_one_picture_is_a_data_set(tmp_path):
    dataset = open_dataset(f"coco:{coco(tmp_path / 'set', 1)}")
    assert (len(dataset.item_ids), len(dataset.caption_ids)) == (1, 5)


def test_real_photographs_are_read_as_pycocotools_reads_them(real_data, capsys):
    root = real_data / "photos"
    dataset = open_dataset(f"coco:{root}")
    theirs = COCO(str(root / "annotations" / "captions.json"))
    boxes = COCO(str(root / "annotations" / "instances.json"))
    capsys.readouterr()
    assert dataset.item_ids == [str(number) for number in sorted(theirs.imgs)]
    for position in (0, 64, 129):
        item = int(dataset.item_ids[position])
        ours = [int(dataset.caption_ids[k]) for k in range(650) if dataset.caption_items[k] == position]
        assert ours == sorted(theirs.getAnnIds(imgIds=[item]))[:5]
        assert (dataset.box_items == position).sum() == len(boxes.getAnnIds(imgIds=[item]))
    assert (len(dataset.caption_ids), len(dataset.box_items), len(dataset.category_names)) == (650, 889, 80)
