"""The store: files under keys, whole or not at all, never outside its root."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ml_core.spec import BadInput
from ml_core.store import Store


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(tmp_path / "store" if request.param == "local" else f"memory://{tmp_path.name}-{tmp_path.parent.name}")


def test_what_is_written_is_read_listed_counted_and_deleted(store: Store) -> None:
    store.write_bytes("a/one.bin", b"12345")
    store.write_bytes("a/b/two.bin", b"678")
    assert store.read_bytes("a/one.bin") == b"12345"
    assert store.list() == ["a/b/two.bin", "a/one.bin"]
    assert store.list("a/b") == ["a/b/two.bin"]
    assert store.size("a") == 8
    assert store.exists("a/one.bin")
    assert not store.exists("a")
    store.delete("a/one.bin")
    assert store.list() == ["a/b/two.bin"]
    store.delete_prefix("a")
    assert store.list() == []


def test_a_file_can_be_read_in_parts_and_by_path(store: Store) -> None:
    store.write_bytes("x/y.bin", b"0123456789")
    with store.open("x/y.bin") as file:
        file.seek(4)
        assert file.read(3) == b"456"
    assert store.local_path("x/y.bin").read_bytes() == b"0123456789"


def test_a_local_file_can_be_put_under_a_key(store: Store, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"abc")
    store.put_file("k/copy", tmp_path / "source")
    assert store.read_bytes("k/copy") == b"abc"


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    assert store.list("nowhere") == []
    assert store.size("nowhere") == 0
    store.delete("nowhere")
    store.delete_prefix("nowhere")
    with pytest.raises(FileNotFoundError):
        store.read_bytes("nowhere")


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", ".", "", "a\\b", "a\0b"])
def test_a_key_that_could_leave_the_root_is_refused(store: Store, key: str) -> None:
    with pytest.raises(BadInput):
        store.read_bytes(key)
    with pytest.raises(BadInput):
        store.write_bytes(key, b"")


def test_a_link_that_leads_out_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="out of the store"):
        Store(tmp_path / "root").read_bytes("link/secret")


def test_the_whole_store_is_never_deleted_at_once(store: Store) -> None:
    store.write_bytes("a", b"1")
    for prefix in ("", "/"):
        with pytest.raises(BadInput):
            store.delete_prefix(prefix)
    assert store.exists("a")


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write_bytes("a", b"old")
    with pytest.raises(TypeError):
        store.write_bytes("a", "text is no bytes")  # type: ignore[arg-type]
    assert store.read_bytes("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_write_killed_half_way_is_not_listed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write_bytes("a/b", b"whole")
    (tmp_path / "a" / "c.0123.part").write_bytes(b"ha")
    assert store.list() == ["a/b"]


@pytest.mark.parametrize("way", ["write_bytes", "put_file"])
def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_folder_after(monkeypatch, tmp_path, way) -> None:
    (tmp_path / "source").write_bytes(b"abc")
    store, path, told = Store(tmp_path / "store"), tmp_path / "store" / "new" / "a", []
    sync = os.fsync

    def listen(descriptor: int) -> None:
        what = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        told.append((what.suffix or what.name, path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", listen)
    getattr(store, way)("new/a", b"abc" if way == "write_bytes" else tmp_path / "source")
    assert told == [(tmp_path.name, False), ("store", False), (".part", False), ("new", True)]
    assert path.read_bytes() == b"abc"


def test_files_are_told_with_their_size_and_age_and_folders_by_name(store: Store) -> None:
    begun = time.time()
    store.write_bytes("run/1/a", b"123")
    store.write_bytes("run/20/b", b"")
    store.write_bytes("run/c", b"1")
    assert store.folders("run") == {"1", "20"}
    kept = sorted(store.kept("run"))
    assert [(one.key, one.byte_count) for one in kept] == [("run/1/a", 3), ("run/20/b", 0), ("run/c", 1)]
    assert all(begun - 5 < one.written_at < time.time() + 5 for one in kept)
    assert not list(store.kept("nowhere")) and not store.folders("nowhere")


def test_the_store_loads_no_numpy_and_no_torch() -> None:
    code = "import sys, ml_core.store; print([m for m in ('numpy', 'torch', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
