"""A zip of known files with a manifest of their hashes: written the same for the same content, read without trust."""

from __future__ import annotations

import hashlib
import io
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_core.spec import BadInput

MANIFEST = "manifest.json"
FORMAT, VERSION = "nearmiss-claim", 1
MOST_FILES = 4000
MOST_BYTES = 512 * 2**20  # of one file, unpacked
MOST_TOGETHER = 2 * 2**30
MOST_FACTOR = 200  # by which a file may grow, once it is larger than _SMALL
_SMALL = 2**20
_WHEN = (1980, 1, 1, 0, 0, 0)
_RUN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}"
REQUIRED = ("plan.json", "labels.csv", "answers.csv", "runs.json", "statistics.json")
_KNOWN = re.compile(
    rf"manifest\.json|plan\.json|labels\.csv|answers\.csv|runs\.json|statistics\.json|registration\.json"
    rf"|(?:specs|environment)/{_RUN}\.json|outcomes/{_RUN}\.parquet"
)
_AGAIN = "Download the bundle again from where it was made"


def pack(files: Mapping[str, bytes]) -> bytes:
    """The zip of the files and their manifest; the bytes depend on names and content alone."""
    whole = {**files, MANIFEST: manifest(files)}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name in sorted(whole):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            stored = name.endswith(".parquet")
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, whole[name], compresslevel=None if stored else 6)
    return sink.getvalue()


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Format, version, and each file's hash and size."""
    listed = {name: {"bytes": len(files[name]), "sha256": digest(files[name])} for name in sorted(files)}
    content = {"format": FORMAT, "version": VERSION, "files": listed}
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def unpack(path: Path) -> dict[str, bytes]:
    """The files of a zip by name, the manifest left out, each checked against it. Nothing is written anywhere.

    BadInput for what is no zip, an unknown or missing name (so no path leads out of a folder), a link, an encrypted
    file, one that is too large or grows too much, and for a size or hash that is not the manifest's.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked(archive.infolist())
            files = {name: _read(archive, entry) for name, entry in entries.items()}
    except OSError as error:
        raise _bad(f"cannot read {path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, UnicodeDecodeError) as error:
        raise _bad(f"{path} is not a readable zip ({error}). {_AGAIN}.") from error
    _compare(read_json(files.pop(MANIFEST), MANIFEST), files)
    return files


def _checked(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(entries) > MOST_FILES:
        raise _bad(f"the bundle has {len(entries):,} files; {MOST_FILES:,} is the most")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.orig_filename
        if not _KNOWN.fullmatch(name):
            raise _bad(f"the bundle holds {name[:120]!r}, which no bundle of version {VERSION} has. {_AGAIN}.")
        if name in found:
            raise _bad(f"the bundle holds {name} twice. {_AGAIN}.")
        found[name] = entry
        _no_trick(entry)
    together = sum(entry.file_size for entry in entries)
    if together > MOST_TOGETHER:
        raise _bad(f"the bundle unpacks to {together / 2**30:.1f} GiB; {MOST_TOGETHER / 2**30:.0f} GiB is the most")
    for name in (MANIFEST, *REQUIRED):
        if name not in found:
            raise _bad(f"{name} is missing from the bundle. {_AGAIN}.")
    return found


def _no_trick(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _bad(f"{entry.filename} is a link or a folder; a bundle holds plain files only. {_AGAIN}.")
    if entry.flag_bits & 1:
        raise _bad(f"{entry.filename} is encrypted; a bundle is not. {_AGAIN}.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _bad(f"{entry.filename} is packed by an unknown method; pack it stored or deflated.")
    if entry.file_size > MOST_BYTES:
        size = entry.file_size / 2**20
        raise _bad(f"{entry.filename} has {size:,.0f} MiB; {MOST_BYTES / 2**20:,.0f} MiB is the most")
    if entry.file_size > max(_SMALL, MOST_FACTOR * entry.compress_size):
        raise _bad(f"{entry.filename} grows more than {MOST_FACTOR}-fold when unpacked, as no bundle's file does.")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """At most as much as the zip's directory says there is: what unpacks to more is not read to its end."""
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise _bad(f"{entry.filename} is not of the size that the zip says it has. {_AGAIN}.")
    return content


def _compare(listed: Any, files: Mapping[str, bytes]) -> None:
    if not isinstance(listed, dict) or listed.get("format") != FORMAT:
        raise _bad(f"{MANIFEST} does not say that this is a claim bundle ({FORMAT})")
    if listed.get("version") != VERSION:
        raise _bad(f"the bundle is of version {listed.get('version')!r}; this program reads version {VERSION}")
    said = listed.get("files")
    if not isinstance(said, dict):
        raise _bad(f"{MANIFEST} lists no files. {_AGAIN}.")
    for name in sorted(set(said) | set(files)):
        if name not in files:
            raise _bad(f"{str(name)[:120]} is listed in {MANIFEST} but missing from the bundle. {_AGAIN}.")
        about = said.get(name)
        if not isinstance(about, dict):
            raise _bad(f"{name} is in the bundle but not in {MANIFEST}. {_AGAIN}.")
        if about.get("sha256") != digest(files[name]) or about.get("bytes") != len(files[name]):
            raise _bad(f"{name} is not the file that {MANIFEST} describes: it was changed after it was made. {_AGAIN}.")


def read_json(content: bytes, name: str) -> Any:
    """The JSON in a file; BadInput naming it where it is none, holds NaN, repeats a key or is nested too deep."""
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise _bad(f"{name} is not the JSON of a bundle: {str(error)[:200]}. {_AGAIN}.") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _bad(message: str) -> BadInput:
    return BadInput(message, field="bundle")
