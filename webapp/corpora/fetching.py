"""Downloads a published data set: goes on where it was cut off, checks every file, unpacks what is whole."""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ml_core.spec import BadInput
from webapp.corpora.unpacking import unpack

PATIENCE = 8  # cuts in a row without a single new byte before we give up
BLOCK = 2**18
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Part:
    """A zip of a data set: its address below the base, and, where they are known, its size and MD5 (hex)."""

    address: str
    size: int = 0
    md5: str = ""


@dataclass(frozen=True)
class Published:
    """A data set as its makers publish it."""

    title: str
    parts: tuple[Part, ...]


# Sizes and MD5 sums of the files as published. One zip holds the annotations of both sets.
PUBLISHED = {
    "val2017": Published(
        "COCO val2017",
        (
            Part("annotations/annotations_trainval2017.zip", 252_907_541, "f4bbac642086de4f52a3fdda2de5fa2c"),
            Part("zips/val2017.zip", 815_585_330, "442b8da7639aecaf257c1dceb8ba8c80"),
        ),
    ),
    "train2017": Published(
        "COCO train2017",
        (
            Part("annotations/annotations_trainval2017.zip", 252_907_541, "f4bbac642086de4f52a3fdda2de5fa2c"),
            Part("zips/train2017.zip", 19_336_861_798, "cced6f7f71b7629ddf16f17bbcfab6b2"),
        ),
    ),
}


def fetch(published: Published, base: str, folder: Path, *, tell: Tell = lambda stage, done, total: None) -> Path:
    """Downloads and unpacks every part into `folder`; what is there, whole and checked, is not fetched again."""
    if not base.startswith(("http://", "https://")):
        raise BadInput(f"The base address {base!r} is no http or https address.", field="base")
    folder.mkdir(parents=True, exist_ok=True)
    for part in published.parts:
        done = folder / f".{Path(part.address).stem}.done"
        if done.exists():
            continue
        archive = download(f"{base.rstrip('/')}/{part.address}", folder / Path(part.address).name, part, tell=tell)
        _unpack_into(archive, folder, tell)
        done.touch()
        archive.unlink()
    return folder


def download(address: str, target: Path, part: Part, *, tell: Tell = lambda stage, done, total: None) -> Path:
    """One file, in pieces if the connection breaks; BadInput where its size or checksum is not what was announced."""
    piece = target.with_name(target.name + ".part")
    cuts, stage = 0, f"Fetching {target.name}"
    while True:
        before = piece.stat().st_size if piece.exists() else 0
        if part.size and before >= part.size:
            break
        try:
            if _fetch_rest(address, piece, before, stage, tell):
                break
        except (OSError, http.client.HTTPException) as error:
            after = piece.stat().st_size if piece.exists() else 0
            cuts = 0 if after > before else cuts + 1
            if cuts >= PATIENCE or _is_final(error):
                raise BadInput(f"{address}: {error}. Run the same command again to go on from here.") from error
            time.sleep(min(0.1 * 2**cuts, 10))
    _check(piece, part, address)
    piece.replace(target)
    return target


def _fetch_rest(address: str, piece: Path, start: int, stage: str, tell: Tell) -> bool:
    """Appends what the server sends from `start` on; True where it sent everything it announced."""
    request = urllib.request.Request(address, headers={"Range": f"bytes={start}-"} if start else {})  # noqa: S310
    try:
        answer = urllib.request.urlopen(request, timeout=60)  # noqa: S310 - http and https alone, see fetch
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # nothing is left to send: the piece is whole, or of another file
            return True
        raise
    with answer:
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        start = start if resumed else 0
        announced = answer.headers.get("Content-Length")
        total = start + int(announced) if announced else 0
        with piece.open("ab" if resumed else "wb") as file:
            written = start
            while block := answer.read(BLOCK):
                file.write(block)
                written += len(block)
                tell(stage, written, total)
    if total and written < total:
        raise http.client.IncompleteRead(b"", total - written)
    return True


def _is_final(error: Exception) -> bool:
    """Whether asking again cannot help: the server said no."""
    return isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code not in (408, 429)


def _check(piece: Path, part: Part, address: str) -> None:
    size = piece.stat().st_size
    problem = ""
    if part.size and size != part.size:
        problem = f"{size:,} bytes came where {part.size:,} are announced"
    elif part.md5:
        digest = hashlib.md5(usedforsecurity=False)
        with piece.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
        problem = "" if digest.hexdigest() == part.md5 else "its checksum is not the announced one"
    if problem:
        piece.unlink()
        raise BadInput(f"{address}: {problem}. What came was thrown away; run the command again.")


def _unpack_into(archive: Path, folder: Path, tell: Tell) -> None:
    """Unpacks beside the folder and moves the entries over: a half unpacked zip is never taken for a whole one."""
    waiting = folder / f".{archive.stem}.unpacking"
    if waiting.exists():
        _remove(waiting)
    with archive.open("rb") as file:
        unpack(file, waiting, tell=tell)
    for entry in sorted(waiting.iterdir()):
        target = folder / entry.name
        if target.is_dir() and entry.is_dir():
            for inner in entry.iterdir():
                inner.replace(target / inner.name)
        else:
            entry.replace(target)
    _remove(waiting)


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()
