"""Looks into the server folders that administrators opened for imports, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.corpora.models import SourceRoot

MOST = 500  # entries of a folder that are listed
_PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


@dataclass(frozen=True)
class Folder:
    """A folder below a root: where it is, what is in it, and whether it looks like a data set."""

    root: SourceRoot
    path: str  # relative to the root, "" for itself
    folders: list[str]
    files: list[str]
    pictures: int
    more: bool
    looks_like: str  # coco, flickr, imagefolder, or ""

    @property
    def parents(self) -> list[tuple[str, str]]:
        """(name, path) of the folder and those above it, from the root."""
        parts = PurePosixPath(self.path).parts
        return [(self.root.name, "")] + [(part, "/".join(parts[: n + 1])) for n, part in enumerate(parts)]


def roots() -> list[SourceRoot]:
    """Every folder that people may import from."""
    return list(SourceRoot.objects.order_by("name"))


def root_of(root_id: int) -> SourceRoot | None:
    """A root by its number."""
    return SourceRoot.objects.filter(pk=root_id).first()


def resolved(root: SourceRoot, path: str) -> Path:
    """The folder `path` below a root, every link followed; BadInput where it is none or lies outside."""
    base = Path(root.path).resolve()
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts or "\0" in path or "\\" in path or len(path) > 2000:
        raise BadInput(_("This is no folder below the one that may be imported from."), field="path")
    try:
        folder = (base / relative).resolve()
        inside = folder.is_relative_to(base) and folder.is_dir()
    except (OSError, RuntimeError):
        inside = False
    if not inside:
        raise BadInput(_("There is no such folder below the one that may be imported from."), field="path")
    return folder


def folder_at(root: SourceRoot, path: str) -> Folder:
    """What lies in a folder below a root; BadInput where it cannot be looked into."""
    folder = resolved(root, path)
    folders: list[str] = []
    files: list[str] = []
    pictures, more = 0, False
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if len(folders) + len(files) >= MOST:
                    more = True
                    break
                if entry.is_dir():
                    folders.append(entry.name)
                elif PurePosixPath(entry.name).suffix.lower() in _PICTURES:
                    pictures += 1
                else:
                    files.append(entry.name)
    except OSError as error:
        raise BadInput(_("This folder may not be read by the server."), field="path") from error
    return Folder(root, path, sorted(folders), sorted(files), pictures, more, _looks_like(folder, folders, files))


def _looks_like(folder: Path, folders: list[str], files: list[str]) -> str:
    """The format that names alone suggest; the look at the source decides."""
    names = list(files)
    if "annotations" in folders:
        names += [child.name for child in (folder / "annotations").glob("captions*.json")]
    if any(name.startswith("captions") and name.endswith(".json") for name in names):
        return "coco"
    if any(name == "captions.txt" or name.endswith(".token") or name.startswith("results") for name in files):
        return "flickr"
    for name in folders[:20]:
        try:
            with os.scandir(folder / name) as entries:
                first = next((entry for entry in entries if entry.is_file()), None)
        except OSError:
            continue
        if first and PurePosixPath(first.name).suffix.lower() in _PICTURES:
            return "imagefolder"
    return ""
