"""Reading Flickr captions in their three published forms."""

import pytest

from ml_core.datasets.opening import open_dataset, read_dataset
from ml_core.spec import BadInput
from tests.ml_core.small_sets import picture

FORMS = {
    "captions.txt": 'image,caption\nb.jpg,A dog runs.\nb.jpg,"A dog, wet, ""runs""."\na.jpg,Two men , sitting.\n',
    "results_20130124.token": 'b.jpg#0\tA dog runs.\nb.jpg#1\tA dog, wet, "runs".\na.jpg#0\tTwo men , sitting.\n',
    "results.csv": 'image_name| comment_number| comment\nb.jpg| 0| A dog runs.\nb.jpg| 1| A dog, wet, "runs".\n'
    "a.jpg| 0| Two men , sitting.\n",
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Images").mkdir()
    for number, name in enumerate("ab"):
        (tmp_path / "Images" / f"{name}.jpg").write_bytes(picture(number))
    return tmp_path


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_set(folder, name):
    (folder / name).write_text(FORMS[name])
    dataset = open_dataset(f"flickr:{folder}")
    assert dataset.item_ids == ["b.jpg", "a.jpg"]
    assert dataset.caption_texts == ["A dog runs.", 'A dog, wet, "runs".', "Two men , sitting."]
    assert dataset.caption_ids == ["b.jpg#0", "b.jpg#1", "a.jpg#0"]
    assert dataset.caption_items.tolist() == [0, 0, 1]


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(folder):
    (folder / "captions.txt").write_bytes(b"\xef\xbb\xbf" + FORMS["captions.txt"].replace("\n", "\r\n").encode())
    assert open_dataset(f"flickr:{folder}").item_ids == ["b.jpg", "a.jpg"]


def test_a_line_that_is_none_is_told_with_its_number_and_the_rest_is_kept(folder):
    (folder / "captions.txt").write_text("image,caption\na.jpg,A cat.\nno comma here\nb.jpg,A dog.\nc.jpg,Not there.\n")
    dataset, problems = read_dataset(f"flickr:{folder}")
    assert [(problem.code, problem.place) for problem in problems] == [
        ("wrong-keys", "captions.txt, line 3"),
        ("missing-file", "c.jpg"),
    ]
    assert dataset.item_ids == ["a.jpg", "b.jpg"]


def test_a_picture_has_its_first_five_captions(folder):
    (folder / "captions.txt").write_text("image,caption\n" + "".join(f"a.jpg,Said {n} times.\n" for n in range(8)))
    assert len(open_dataset(f"flickr:{folder}").caption_ids) == 5
    assert len(open_dataset(f"flickr:{folder}?captions=7").caption_ids) == 7


def test_text_that_is_not_utf_8_is_refused_with_its_place(folder):
    (folder / "captions.txt").write_bytes(b"image,caption\na.jpg,caf\xe9\n")
    with pytest.raises(BadInput, match=r"not UTF-8 text at byte 23"):
        open_dataset(f"flickr:{folder}")


def test_a_folder_without_captions_is_refused_with_what_is_wanted(folder):
    with pytest.raises(BadInput, match=r"there is no captions.txt"):
        open_dataset(f"flickr:{folder}")
