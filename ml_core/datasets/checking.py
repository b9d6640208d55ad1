"""Looks at the files of a source, many at once: hash, size and pixels of each, or what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ml_core.datasets.decoding import BYTE_LIMIT, BrokenPicture, PictureFacts, announced, check_picture
from ml_core.datasets.types import Problem
from ml_core.spec import BadInput

CAPTION_LIMIT = 10_000  # characters: the longest published caption sets stay below 5,000
_SUFFIXES = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "PNG": {".png"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp"},
    "TIFF": {".tif", ".tiff"},
}
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}


def _nobody(stage: str, done: int, total: int) -> None:
    pass


@dataclass(frozen=True)
class Look:
    """How closely to look at pictures, with how many threads, and whom to tell; `tell` may raise to stop the reading.

    `deep` decodes every picture to its last row; otherwise its header and the mark at its end are looked at.
    """

    deep: bool = False
    workers: int = 4
    tell: Callable[[str, int, int], None] = _nobody


@dataclass(frozen=True)
class Seen:
    """A picture file that can be used: SHA-256 (hex) of its bytes, their count, and its size in pixels, upright."""

    hash: str
    size: int
    width: int
    height: int
    format: str


def look_at_files(paths: Sequence[Path], places: Sequence[str], look: Look) -> Iterator[Seen | Problem]:
    """What each file is, in order; `places` say where to look in a message. Memory does not grow with the number."""
    if not paths:
        return
    total = len(paths)
    with ThreadPoolExecutor(look.workers) as pool:
        tasks = zip(paths, places, strict=True)
        window = [pool.submit(_look_at_file, path, place, look.deep) for path, place in islice(tasks, 64)]
        done = 0
        try:
            while window:
                yield window.pop(0).result()
                done += 1
                if done % 50 == 0 or done == total:
                    look.tell("Reading pictures", done, total)
                window += [pool.submit(_look_at_file, path, place, look.deep) for path, place in islice(tasks, 1)]
        finally:
            for future in window:
                future.cancel()


def _look_at_file(path: Path, place: str, deep: bool) -> Seen | Problem:
    try:
        size = path.stat().st_size
        if size > BYTE_LIMIT:
            return Problem("huge-picture", place, f"{size:,} bytes; at most {BYTE_LIMIT:,} are accepted", "error")
        data = path.read_bytes()
    except FileNotFoundError:
        return Problem("missing-file", place, "there is no such file", "error")
    except OSError as error:
        return Problem("unreadable-file", place, f"cannot be read: {error.strerror or error}", "error")
    return look_at_bytes(data, place, deep=deep)


def look_at_bytes(data: bytes, place: str, *, deep: bool) -> Seen | Problem:
    """What some bytes are that should be a picture."""
    try:
        facts = check_picture(data) if deep else _whole_by_its_ends(data)
    except BrokenPicture as error:
        return Problem(_code(str(error)), place, str(error), "error")
    return Seen(hashlib.sha256(data).hexdigest(), len(data), facts.width, facts.height, facts.format)


def _whole_by_its_ends(data: bytes) -> PictureFacts:
    """What the header says, and a look at the mark that ends a whole file."""
    facts = announced(data)
    mark = _ENDS.get(facts.format)
    if mark is not None and mark not in data[-4096:]:
        raise BrokenPicture("cannot be decoded to its end: the file is cut short")
    return facts


def name_problem(file_name: str, seen: Seen, place: str) -> Problem | None:
    """A warning where the name announces another kind of picture than the bytes are."""
    suffix = Path(file_name).suffix.lower()
    if not suffix or suffix in _SUFFIXES.get(seen.format, {suffix}):
        return None
    return Problem("misnamed-picture", place, f"its name ends in {suffix}, its bytes are {seen.format}; used as it is")


def caption_problem(text: object, place: str) -> Problem | None:
    """What is wrong with a caption, if anything."""
    if not isinstance(text, str):
        return Problem("wrong-type", place, "the caption is not a text", "error")
    if not text.strip():
        return Problem("empty-caption", place, "the caption is empty; left out")
    if len(text) > CAPTION_LIMIT:
        size = f"{len(text):,} characters; at most {CAPTION_LIMIT:,} are accepted"
        return Problem("long-caption", place, f"the caption has {size}", "error")
    if not is_text(text):
        return Problem("wrong-type", place, "the caption holds a zero byte or half a character", "error")
    return None


def is_text(text: str) -> bool:
    """Whether every character is one that UTF-8 and PostgreSQL can keep: no zero byte, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def below(folder: Path, name: str, within: Path | None) -> Path | None:
    """The file `name` below `folder`; None where the name leads out of it (or, through links, out of `within`)."""
    if not name or "\0" in name or name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        return None
    path = folder / name
    if within is not None and not path.resolve().is_relative_to(within):
        return None
    return path


def inside(path: Path, within: Path | None) -> Path:
    """`path`; BadInput where `within` is given and the path, every link followed, lies outside it."""
    if within is not None and not path.resolve().is_relative_to(within):
        raise BadInput(f"{path.name} lies outside the folder that may be imported from", field="dataset")
    return path


def _code(message: str) -> str:
    if "pixels are announced" in message or "at most" in message:
        return "huge-picture"
    return "not-a-picture" if "accepted format" in message or "SVG" in message else "broken-picture"
