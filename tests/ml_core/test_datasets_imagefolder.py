"""Reading classification sets from folders and tables."""

import pytest

from ml_core.datasets.opening import open_dataset, open_with_remarks, read_dataset
from ml_core.spec import BadInput
from tests.ml_core.small_sets import class_folders, picture, write


def test_a_folder_is_a_class_in_order_of_names(tmp_path):
    dataset = open_dataset(f"imagefolder:{class_folders(tmp_path, {'zebra': 2, 'ant_eater': 1})}")
    assert dataset.task == "classification"
    assert dataset.category_names == ["ant eater", "zebra"]
    assert dataset.labels.tolist() == [0, 1, 1]
    assert dataset.item_ids == ["ant_eater/0.jpg", "zebra/0.jpg", "zebra/1.jpg"]


def test_display_names_and_the_domain_come_from_a_file_or_an_option(tmp_path):
    root = class_folders(tmp_path, {"n02": 1, "n01": 1})
    write(root / "classes.json", {"domain": "satellite photo", "classes": {"n01": "tench"}})
    dataset = open_dataset(f"imagefolder:{root}")
    assert dataset.category_names == ["tench", "n02"]
    assert dataset.about["domain"] == "satellite photo"
    assert open_dataset(f"imagefolder:{root}?domain=a+drawing").about["domain"] == "a drawing"
    assert open_dataset(f"imagefolder:{root}?domain=50%25+salt+%26+pepper").about["domain"] == "50% salt & pepper"


def test_a_table_names_files_labels_and_display_names(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
    (tmp_path / "labels.csv").write_text("label;filename;display name\nb;0.jpg;Bee\na;1.jpg;\nb;2.jpg;Wasp\n;3.jpg;\n")
    dataset, problems = read_dataset(f"imagefolder:{tmp_path}")
    assert dataset.category_names == ["a", "Bee"]
    assert dataset.labels.tolist() == [1, 0, 1]
    assert [(problem.code, problem.place) for problem in problems] == [
        ("two-names", "labels.csv, line 4"),
        ("wrong-keys", "labels.csv, line 5"),
    ]


def test_a_table_without_a_header_is_file_then_label(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1, kind="PNG"))
    (tmp_path / "table.csv").write_text("a.png,first\n")
    assert open_dataset(f"imagefolder:{tmp_path}/table.csv").category_names == ["first"]


def test_a_broken_table_is_refused_with_its_line(tmp_path):
    (tmp_path / "table.csv").write_text('file,label\na.png,"first\n')
    with pytest.raises(BadInput, match=r"table.csv, line 2: not a proper CSV row"):
        open_dataset(f"imagefolder:{tmp_path}/table.csv")


def test_a_picture_with_two_labels_is_refused_and_one_listed_twice_told(tmp_path):
    for number in range(2):
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
    (tmp_path / "labels.csv").write_text("file,label,name\n0.jpg,a,Ant\n1.jpg,b,Bee\n0.jpg,a,Ant\n")
    _, problems = open_with_remarks(f"imagefolder:{tmp_path}/labels.csv")
    assert [(one.code, one.severity) for one in problems] == [("duplicate-id", "warning")]
    (tmp_path / "labels.csv").write_text("file,label,name\n0.jpg,a,Ant\n1.jpg,b,Bee\n0.jpg,b,Bee\n")
    told = r"line 4: the picture 0.jpg is 'Bee' here and 'Ant' before \(labels.csv, line 2\); the first is kept"
    with pytest.raises(BadInput, match=told):
        open_dataset(f"imagefolder:{tmp_path}/labels.csv")
    dataset, problems = open_with_remarks(f"imagefolder:{tmp_path}/labels.csv?broken=skip")
    assert dataset.labels.tolist() == [0, 1] and [one.code for one in problems] == ["two-labels"]


def test_one_of_several_splits_is_to_be_chosen(tmp_path):
    for split in ("train", "test"):
        class_folders(tmp_path / split, {"a": 1, "b": 1})
    with pytest.raises(BadInput, match=r"choose one by .split= .train, test"):
        open_dataset(f"imagefolder:{tmp_path}")
    assert len(open_dataset(f"imagefolder:{tmp_path}?split=test").item_ids) == 2


def test_other_files_and_empty_classes_are_told(tmp_path):
    root = class_folders(tmp_path, {"a": 1})
    (root / "a" / "notes.txt").write_text("hello")
    (root / "a" / ".DS_Store").write_text("")
    (root / "b").mkdir()
    _, problems = read_dataset(f"imagefolder:{root}")
    assert [problem.code for problem in problems] == ["other-file", "empty-class"]


def test_the_same_picture_in_two_classes_is_told(tmp_path):
    root = class_folders(tmp_path, {"a": 1, "b": 1})
    (root / "b" / "0.jpg").write_bytes((root / "a" / "0.jpg").read_bytes())
    _, problems = read_dataset(f"imagefolder:{root}")
    assert [(problem.code, problem.place) for problem in problems] == [("duplicate-picture", "b/0.jpg")]


def test_a_real_image_folder_is_read(real_data):
    dataset, problems = read_dataset(f"imagefolder:{real_data}/zeroshot/cifar10_train")
    assert (len(dataset.item_ids), len(dataset.category_names), problems) == (1000, 10, [])
    assert set(zip(dataset.widths.tolist(), dataset.heights.tolist(), strict=True)) == {(32, 32)}
