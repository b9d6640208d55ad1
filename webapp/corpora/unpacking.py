"""Unpacks an uploaded zip below one folder, or refuses it: nothing leaves the folder, nothing grows without bound."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import IO

from ml_core.spec import BadInput

MOST_FILES = 1_000_000
RATIO = 20  # photographs hardly shrink; JSON shrinks about tenfold
SPARE = 256 * 2**20  # bytes of the disk that are left free
FREE_OF_RATIO = 256 * 2**20  # bytes that may be unpacked whatever the ratio
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst", ".jar"}
_BLOCK = 2**20
Tell = Callable[[str, int, int], None]


def unpack(
    file: IO[bytes], folder: Path, *, most: int | None = None, tell: Tell = lambda stage, done, total: None
) -> None:
    """Writes the files of a zip below `folder`, which must not exist yet; BadInput that names what is wrong with it.

    At most RATIO times the bytes of the zip come out, and never more than `most`.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = _checked(archive, file.seek(0, 2), most, folder)
            folder.mkdir()
            _extract(archive, members, folder, tell)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, zipfile.LargeZipFile) as error:
        raise BadInput(f"The file is no zip that can be unpacked: {error}", field="upload") from error


def _checked(
    archive: zipfile.ZipFile, packed_size: int, ceiling: int | None, folder: Path
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """The members that are files, each with a path that stays below the folder; all sizes as they are announced."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise BadInput(f"The zip holds {len(infos):,} files; at most {MOST_FILES:,} are accepted.", field="upload")
    files = [(info, _path(info)) for info in infos if not info.is_dir()]
    for info, path in files:
        _check_member(info, path)
    if len({path for _, path in files}) < len(files):
        raise BadInput("The zip holds two files of the same name.", field="upload")
    if sum(info.compress_size for info in infos) > packed_size:
        raise BadInput("The zip is a trick: its files overlap.", field="upload")
    total = sum(info.file_size for info in infos)
    most = max(FREE_OF_RATIO, packed_size * RATIO)
    most = most if ceiling is None else min(most, ceiling)
    if total > most:
        text = f"{total:,} bytes would come out of {packed_size:,}; at most {most:,} are accepted."
        raise BadInput(f"The zip is refused: {text}", field="upload")
    if total > shutil.disk_usage(folder.parent).free - SPARE:
        raise BadInput(f"There is no room here to unpack {total:,} bytes.", field="upload")
    return files


def _check_member(info: zipfile.ZipInfo, path: PurePosixPath) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        what = "a link" if kind == stat.S_IFLNK else "no plain file"
        raise BadInput(f"The zip holds {what}: {path}. Pack the files themselves.", field="upload")
    if info.flag_bits & 0x1:
        raise BadInput(f"The zip is encrypted ({path}). Pack it without a password.", field="upload")
    if info.compress_type not in _METHODS:
        raise BadInput(f"The zip is packed in an unusual way ({path}). Use plain zip.", field="upload")
    if path.suffix.lower() in _ARCHIVES:
        raise BadInput(f"The zip holds another archive: {path}. Unpack it first.", field="upload")


def _path(info: zipfile.ZipInfo) -> PurePosixPath:
    """The member's path; BadInput where it could lead out of the folder."""
    name = info.orig_filename
    path = PurePosixPath(name)
    parts = path.parts
    bad = path.is_absolute() or ".." in parts or "\\" in name or "\0" in name or (parts and ":" in parts[0])
    if bad or not parts or any(len(part.encode(errors="replace")) > 255 for part in parts) or len(parts) > 40:
        raise BadInput(f"The zip holds a name that is not accepted: {name[:200]!a}", field="upload")
    return path


def _extract(
    archive: zipfile.ZipFile, members: list[tuple[zipfile.ZipInfo, PurePosixPath]], folder: Path, tell: Tell
) -> None:
    root = folder.resolve()
    for number, (info, path) in enumerate(members, 1):
        target = root.joinpath(*path.parts)
        if not target.resolve().is_relative_to(root):
            raise BadInput(f"The zip holds a name that leads out of it: {path}", field="upload")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(archive, info, target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise BadInput(f"The zip holds a file and a folder of the same name: {path}", field="upload") from error
        if number % 100 == 0 or number == len(members):
            tell("Unpacking", number, len(members))


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """One file, never more bytes than it announced."""
    written = 0
    with archive.open(info) as source, target.open("xb") as sink:
        while block := source.read(_BLOCK):
            written += len(block)
            if written > info.file_size:
                raise BadInput(f"The zip is a trick: {info.filename} is larger than it says.", field="upload")
            sink.write(block)
    target.chmod(0o600)
