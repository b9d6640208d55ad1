"""Pictures that are missing, broken, disguised or too large."""

import struct
import zlib

import pytest

from ml_core.datasets.checking import Look
from ml_core.datasets.opening import open_dataset, read_dataset
from ml_core.spec import BadInput
from tests.ml_core.small_sets import coco, picture


def huge_png() -> bytes:
    """A file of a few bytes that announces 50,000 × 50,000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


BAD = {
    "truncated": (picture(5, (400, 300))[:-400], "broken-picture", "cut short"),
    "empty": (b"", "broken-picture", "empty"),
    "web page": (b"<!doctype html><script>alert(1)</script>", "not-a-picture", "not a picture"),
    "drawing": (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "not-a-picture", "SVG"),
    "archive": (b"PK\x03\x04" + b"\0" * 100, "not-a-picture", "not a picture"),
    "bomb": (huge_png(), "huge-picture", "50000 × 50000|more than"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("deep", [False, True])
def test_a_file_that_is_no_whole_picture_is_told_and_left_out(tmp_path, name, deep):
    data, code, _ = BAD[name]
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").write_bytes(data)
    dataset, problems = read_dataset(f"coco:{root}", Look(deep=deep))
    assert [(problem.code, problem.place, problem.severity) for problem in problems] == [
        (code, "000000000002.jpg", "error")
    ]
    assert dataset.item_ids == ["1", "3"]


@pytest.mark.parametrize("name", BAD)
def test_a_set_with_such_a_file_is_refused_with_its_name(tmp_path, name):
    data, _, told = BAD[name]
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").write_bytes(data)
    with pytest.raises(BadInput, match=rf"000000000002.jpg: .*({told}).*broken=skip"):
        open_dataset(f"coco:{root}")


def test_a_missing_file_is_told(tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").unlink()
    with pytest.raises(BadInput, match=r"000000000002.jpg: there is no such file"):
        open_dataset(f"coco:{root}")


def test_damage_inside_a_picture_is_found_by_decoding_it(tmp_path):
    root = coco(tmp_path / "set")
    data = picture(2, (200, 200), "PNG")
    (root / "images" / "000000000002.jpg").write_bytes(data[:60] + b"\0" * 20 + data[80:])
    assert [problem.code for problem in read_dataset(f"coco:{root}", Look(deep=True))[1]] == ["broken-picture"]


def test_a_picture_of_another_kind_than_its_name_says_is_used_and_told(tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").write_bytes(picture(2, kind="PNG"))
    dataset, problems = read_dataset(f"coco:{root}")
    assert [problem.code for problem in problems] == ["misnamed-picture"]
    assert len(dataset.item_ids) == 3


def test_a_look_tells_how_far_it_is_and_can_be_stopped(tmp_path):
    told = []
    root = coco(tmp_path / "set", 120)
    read_dataset(f"coco:{root}", Look(tell=lambda stage, done, total: told.append((done, total))))
    assert told == [(50, 120), (100, 120), (120, 120)]

    def stop(stage, done, total):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        read_dataset(f"coco:{root}", Look(tell=stop))
