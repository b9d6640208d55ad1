"""Zips that would do harm are refused; what is refused leaves nothing."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from ml_core.spec import BadInput
from webapp.corpora import unpacking


def packed(*members, **options):
    """A zip of (name or ZipInfo, data)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer


def renamed(buffer, before, after):
    """The same zip with other bytes where a name stands."""
    return io.BytesIO(buffer.getvalue().replace(before, after))


def special(name, kind):
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


@pytest.fixture(autouse=True)
def places(settings, tmp_path):
    settings.NEARMISS_CACHE = tmp_path


def test_a_plain_zip_is_unpacked(tmp_path):
    told = []
    zipped = packed(("set/captions.txt", "image,caption\n"), ("set/Images/", ""), ("set/Images/ä.jpg", b"12345" * 1000))
    unpacking.unpack(zipped, tmp_path / "out", tell=lambda *progress: told.append(progress))
    assert (tmp_path / "out" / "set" / "Images" / "ä.jpg").read_bytes() == b"12345" * 1000
    assert told == [("Unpacking", 2, 2)]


@pytest.mark.parametrize(
    "name", ["../up.txt", "a/../../up.txt", "/etc/cron.d/x", "C:/x.txt", "a/./../../x", "\\\\server\\x", "a\\..\\..\\x"]
)
def test_a_name_that_leads_out_is_refused(tmp_path, name):
    with pytest.raises(BadInput, match="a name that is not accepted"):
        unpacking.unpack(packed((name, "x")), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_zero_byte_in_a_name_is_refused(tmp_path):
    with pytest.raises(BadInput, match="a name that is not accepted"):
        unpacking.unpack(renamed(packed(("a.jpgXtxt", "x")), b"a.jpgXtxt", b"a.jpg\0txt"), tmp_path / "out")


@pytest.mark.parametrize(("kind", "told"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "no plain file")])
def test_links_and_special_files_are_refused(tmp_path, kind, told):
    with pytest.raises(BadInput, match=told):
        unpacking.unpack(packed(("a.txt", "x"), (special("link", kind), "/etc/passwd")), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_encrypted_zip_is_refused(tmp_path):
    data = bytearray(packed(("a.txt", "x")).getvalue())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(BadInput, match="encrypted"):
        unpacking.unpack(io.BytesIO(bytes(data)), tmp_path / "out")


def test_an_archive_in_the_archive_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"another archive: set/inner.zip"):
        unpacking.unpack(packed(("set/inner.zip", packed(("a", "b")).getvalue())), tmp_path / "out")


def test_a_bomb_is_refused_by_the_sizes_it_announces(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "FREE_OF_RATIO", 2**20)
    with pytest.raises(BadInput, match=r"4,194,304 bytes would come out of"):
        unpacking.unpack(packed(("zeros.json", b"\0" * 2**22)), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_that_announces_too_little_is_refused_while_it_is_unpacked(tmp_path):
    data = bytearray(packed(("zeros.json", b"\0" * 2**22)).getvalue())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(mark) + offset
        data[place : place + 4] = struct.pack("<I", 1000)
    with pytest.raises(BadInput):
        unpacking.unpack(io.BytesIO(bytes(data)), tmp_path / "out")
    written = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert written <= 1000


def test_files_that_overlap_are_refused(tmp_path):
    data = bytearray(packed(("a.txt", b"\0" * 10**6), ("b.txt", b"\0" * 10**6)).getvalue())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 20 : second + 24] = struct.pack("<I", 10**5)
    with pytest.raises(BadInput, match="overlap"):
        unpacking.unpack(io.BytesIO(bytes(data)), tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 and no more", b"\x89PNG\r\n\x1a\n" * 100])
def test_a_file_that_is_no_zip_is_refused(tmp_path, data):
    with pytest.raises(BadInput, match="no zip that can be unpacked"):
        unpacking.unpack(io.BytesIO(data), tmp_path / "out")


def test_two_files_of_one_name_and_a_file_that_is_a_folder_are_refused(tmp_path):
    with pytest.raises(BadInput, match="two files of the same name"), pytest.warns(UserWarning):
        unpacking.unpack(packed(("a.txt", "1"), ("a.txt", "2")), tmp_path / "out")
    with pytest.raises(BadInput, match="a file and a folder of the same name"):
        unpacking.unpack(packed(("a", "1"), ("a/b", "2")), tmp_path / "out")


def test_a_damaged_file_is_refused(tmp_path):
    data = bytearray(packed(("a.txt", "some text that is there")).getvalue())
    data[data.index(b"a.txt") + 8] ^= 0xFF
    with pytest.raises(BadInput):
        unpacking.unpack(io.BytesIO(bytes(data)), tmp_path / "out")


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    with pytest.raises(BadInput, match="holds 4 files"):
        unpacking.unpack(packed(*((f"{n}.txt", "") for n in range(4))), tmp_path / "out")
