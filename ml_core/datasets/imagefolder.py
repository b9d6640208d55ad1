"""Reads classification sets, `imagefolder:PATH`: one folder a class, or a CSV of file, label and display name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_core.datasets.checking import Look, inside, is_text
from ml_core.datasets.gathering import Draft, Entry, gather
from ml_core.datasets.reading import member, read_csv, read_json, unknown_options
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput

PREFIX = "imagefolder"
LABEL = "Image folder"
OPTIONS = {"split", "domain", "within"}
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}
CLASSES_FILE = "classes.json"  # {"domain": "satellite photo", "classes": {"n01440764": "tench"}}, both parts optional
_SPLITS = ("train", "val", "valid", "validation", "test")
_FILE = {"file", "filename", "file_name", "image", "path"}
_LABEL = {"label", "class", "category"}


def read(
    path: str, options: dict[str, str], look: Look | None = None, sample: int | None = None, seed: int = 0
) -> tuple[Dataset, list[Problem]]:
    """Pictures by class and name. Classes are numbered in order of their folders' (or labels') names.

    Display names and the domain phrase of prompts come from `classes.json` or the CSV's third column and `?domain=`.
    `?split=train` chooses one of several splits.
    """
    unknown_options(options, OPTIONS)
    within = Path(options["within"]).resolve() if "within" in options else None
    source = inside(_source(Path(path), options.get("split", "")), within)
    draft = _from_csv(source, within) if source.is_file() else _from_folders(source, within)
    if options.get("domain"):
        draft.about["domain"] = options["domain"]
    return gather(draft, look or Look(), sample, seed)


def recognises(folder: Path) -> bool:
    """Whether a folder looks like one of these."""
    return bool(_class_folders(folder) or list(folder.glob("*.csv")) or _splits(folder))


def _source(path: Path, split: str) -> Path:
    """The folder of class folders, or the CSV file."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInput(f"{path}: there is no such folder or file", field="dataset")
    splits = _splits(path)
    if splits:
        names = {folder.name: folder for folder in splits}
        if split not in names:
            raise BadInput(
                f"{path}: there are several splits; choose one by ?split= ({', '.join(names)})", field="dataset"
            )
        return names[split]
    if _class_folders(path):
        return path
    tables = sorted(path.glob("*.csv"))
    if len(tables) == 1:
        return tables[0]
    what = "several CSV files: name one" if tables else "no folder of pictures and no CSV file in it"
    raise BadInput(f"{path}: there is {what}", field="dataset")


def _class_folders(folder: Path) -> list[Path]:
    """Folders that hold pictures directly, or that are empty, in order of their names."""
    folders = sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith((".", "__")))
    return folders if any(_is_picture(file) for child in folders for file in child.iterdir()) else []


def _splits(folder: Path) -> list[Path]:
    named = [folder / name for name in _SPLITS if (folder / name).is_dir()]
    return [child for child in named if _class_folders(child)]


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def _from_folders(root: Path, within: Path | None) -> Draft:
    classes_file = root / CLASSES_FILE
    draft = Draft(root.name, "classification", root, within, about={"source": root.name, "format": LABEL})
    names = _classes(draft, inside(classes_file, within)) if classes_file.is_file() else {}
    for folder in _class_folders(root):
        label = len(draft.categories)
        if not is_text(folder.name):
            text = "the folder's name is not valid text; left out"
            draft.problems.append(Problem("wrong-type", ascii(folder.name[:100]), text, "error"))
            continue
        name = names.get(folder.name, folder.name.replace("_", " "))
        files = sorted(file for file in inside(folder, within).iterdir() if file.is_file())
        pictures = [file for file in files if _is_picture(file)]
        if not pictures:
            draft.problems.append(Problem("empty-class", f"{folder.name}/", "there is no picture in it; left out"))
            draft.about.setdefault("empty_classes", []).append(name)
            continue
        draft.categories.append((label, name, ""))
        for file in pictures:
            place = f"{folder.name}/{file.name}"
            draft.add(Entry(place, place, place, label=label))
        for file in files:
            if file not in pictures and not file.name.startswith(".") and file.name != "Thumbs.db":
                text = "not named like a picture; left out"
                draft.problems.append(Problem("other-file", f"{folder.name}/{file.name}", text))
    return draft


def _classes(draft: Draft, file: Path) -> dict[str, str]:
    data = read_json(file)
    names: dict[str, Any] = member(data, "classes", dict, file) if "classes" in data else {}
    if not all(isinstance(name, str) and name.strip() and is_text(name) for name in names.values()):
        raise BadInput(f"{file.name}: 'classes' maps folder names to display names (texts)", field="dataset")
    if "domain" in data:
        domain = member(data, "domain", str, file)
        if not is_text(domain):
            raise BadInput(f"{file.name}: 'domain' is not valid text", field="dataset")
        draft.about["domain"] = domain
    return names


def _from_csv(file: Path, within: Path | None) -> Draft:
    about = {"source": file.name, "format": "CSV"}
    draft = Draft(file.stem, "classification", file.parent, within, about=about)
    rows = list(read_csv(file))
    columns = _columns(rows[0][1]) if rows else None
    rows = rows[1:] if columns else rows
    file_column, label_column, name_column = columns or (0, 1, 2)
    found: list[tuple[str, str, str]] = []
    names: dict[str, str] = {}
    for line, row in rows:
        place = f"{file.name}, line {line:,}"
        cells = [row[n].strip() if 0 <= n < len(row) else "" for n in (file_column, label_column, name_column)]
        if not cells[0] or not cells[1]:
            draft.problems.append(Problem("wrong-keys", place, "a row holds a file and a label", "error"))
            continue
        if not all(map(is_text, cells)):
            draft.problems.append(Problem("wrong-type", place, "the row holds a zero byte", "error"))
            continue
        if cells[2] and names.setdefault(cells[1], cells[2]) != cells[2]:
            text = f"the label {cells[1]} is called {names[cells[1]]!r} before and {cells[2]!r} here; the first is used"
            draft.problems.append(Problem("two-names", place, text))
        found.append((cells[0], cells[1], place))
    labels = {label: number for number, label in enumerate(sorted({label for _, label, _ in found}))}
    draft.categories = [(number, names.get(label, label), "") for label, number in labels.items()]
    for name, label, place in found:
        draft.add(Entry(name, name, place, label=labels[label]))
    return draft


def _columns(header: list[str]) -> tuple[int, int, int] | None:
    """Positions of file, label and display name; None where the first row is no header."""
    cells = [cell.strip().lower() for cell in header]
    file_column = next((n for n, cell in enumerate(cells) if cell in _FILE), None)
    label_column = next((n for n, cell in enumerate(cells) if cell in _LABEL), None)
    if file_column is None or label_column is None:
        return None
    name_column = next((n for n, cell in enumerate(cells) if cell in {"display name", "display_name", "name"}), -1)
    return file_column, label_column, name_column
