"""Keeps files under keys in a local folder or at any fsspec address; knows nothing of what is in them. Light."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ml_core.spec import BadInput

_BLOCK = 2**20


class Kept(NamedTuple):
    """A file of a store: its key, its bytes, and when it was written (seconds since 1970, by the store's clock)."""

    key: str
    byte_count: int
    written_at: float


class Store:
    """Files by key below one root: a folder or any address that fsspec understands (`s3://…`, `memory://…`).

    A key is a relative path with forward slashes; one that could leave the root is refused with BadInput. Local writes
    go to a temporary name, to the disk, and are renamed: a reader sees the old file, the new file or none, never half
    of one, and a write that has returned outlives a loss of power.
    """

    def __init__(self, url: str | Path):
        self.url = str(url)
        self._fs, root = fsspec.core.url_to_fs(self.url)
        self.is_local = isinstance(self._fs, LocalFileSystem)
        self._root = os.path.abspath(root) if self.is_local else root.rstrip("/")

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def read_bytes(self, key: str) -> bytes:
        """The whole file; FileNotFoundError where there is none."""
        return cast(bytes, self._fs.cat_file(self._path(key)))

    def open(self, key: str) -> IO[bytes]:
        """The file opened for reading bytes, seekable; FileNotFoundError where there is none."""
        return cast("IO[bytes]", self._fs.open(self._path(key), "rb"))

    def write_bytes(self, key: str, data: bytes) -> None:
        """Puts `data` under `key`, whole or not at all, in place of what was there."""
        path = self._path(key)
        if not self.is_local:
            self._fs.makedirs(self._fs._parent(path), exist_ok=True)
            self._fs.pipe_file(path, data)
            return
        _write_whole(Path(path), lambda file: file.write(data))

    def put_file(self, key: str, source: Path) -> None:
        """Copies a local file under `key`, whole or not at all."""
        path = self._path(key)
        if not self.is_local:
            self._fs.makedirs(self._fs._parent(path), exist_ok=True)
            self._fs.put_file(str(source), path)
            return
        with open(source, "rb") as read:
            _write_whole(Path(path), lambda file: shutil.copyfileobj(read, file, _BLOCK))

    def exists(self, key: str) -> bool:
        """Whether a file (not a folder) is kept under `key`."""
        return bool(self._fs.isfile(self._path(key)))

    def list(self, prefix: str = "") -> list[str]:
        """Every key below the folder `prefix`, sorted; temporary files of unfinished writes are left out."""
        folder = self._path(prefix) if prefix else self._root
        if not self._fs.isdir(folder):
            return []
        start = len(self._root) + 1
        found = (str(path)[start:] for path in self._fs.find(folder))
        return sorted(key for key in found if not key.endswith(".part"))

    def folders(self, prefix: str) -> set[str]:
        """The names of the folders directly below the folder `prefix`."""
        path = self._path(prefix)
        found = self._fs.ls(path, detail=True) if self._fs.isdir(path) else []
        return {str(info["name"]).rstrip("/").rpartition("/")[2] for info in found if info["type"] == "directory"}

    def kept(self, prefix: str) -> Iterator[Kept]:
        """Every file below the folder `prefix` with its size and age, temporary files of unfinished writes included."""
        folder, start = self._path(prefix), len(self._root) + 1
        found = self._fs.find(folder, detail=True) if self._fs.isdir(folder) else {}
        for path, info in found.items():
            yield Kept(str(path)[start:], int(info.get("size") or 0), self._written_at(path, info))

    def size(self, prefix: str = "") -> int:
        """Bytes kept below the folder `prefix` (or in the one file of that key)."""
        path = self._path(prefix) if prefix else self._root
        return int(self._fs.du(path, total=True)) if self._fs.exists(path) else 0

    def delete(self, key: str) -> None:
        """Removes one file; nothing happens where there is none."""
        path = self._path(key)
        if self._fs.isfile(path):
            self._fs.rm_file(path)

    def delete_prefix(self, prefix: str) -> None:
        """Removes the folder `prefix` with all below it, if there is one; the root itself is refused."""
        if not prefix.strip("/"):
            raise BadInput("refused to delete a whole store: name a folder in it")
        path = self._path(prefix)
        if self._fs.exists(path):
            self._fs.rm(path, recursive=True)

    def remove_empty(self, folder: str) -> None:
        """Removes a folder in which nothing is left; a local store alone has folders that can be empty."""
        if self.is_local:
            with contextlib.suppress(OSError):
                os.rmdir(self._path(folder))

    def local_path(self, key: str) -> Path:
        """A path where the file can be read: its own in a local store, else a copy in the temporary folder."""
        path = self._path(key)
        if self.is_local:
            return Path(path)
        digest = hashlib.sha256(f"{self.url}\0{key}".encode()).hexdigest()[:32]
        copy = Path(tempfile.gettempdir()) / f"nearmiss-{os.getuid()}" / digest / Path(key).name
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = copy.with_name(f"{copy.name}.{secrets.token_hex(6)}.part")
        self._fs.get_file(path, str(part))
        part.replace(copy)
        return copy

    def _written_at(self, path: str, info: dict[str, Any]) -> float:
        if "mtime" in info:
            return float(info["mtime"])
        return float((info.get("LastModified") or self._fs.modified(path)).timestamp())

    def _path(self, key: str) -> str:
        parts = key.rstrip("/").split("/")
        if any(part in {"", ".", ".."} for part in parts) or "\\" in key or "\0" in key:
            raise BadInput(f"not a key of a store: {key[:200]!r} (a relative path without '..' is wanted)")
        path = f"{self._root}/{'/'.join(parts)}"
        if self.is_local and not os.path.realpath(path).startswith(os.path.realpath(self._root) + os.sep):
            raise BadInput(f"{key[:200]!r} leads out of the store")
        return path


def _write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """A file under its name only once all of it is on the disk; nothing is left of a write that fails."""
    _make_folder(path.parent)
    part = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """The folder with all above it, each on the disk as an entry of the one that holds it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(parents=True, exist_ok=True)  # somebody may just have removed an empty one above
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
