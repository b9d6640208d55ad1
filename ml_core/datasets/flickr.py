"""Reads Flickr captions, `flickr:PATH`: `captions.txt` (image,caption), `results.csv` (with |) or a `.token` file."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from ml_core.datasets.checking import Look, below, inside
from ml_core.datasets.gathering import Draft, Entry, gather
from ml_core.datasets.reading import limit, read_text, unknown_options
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput

PREFIX = "flickr"
LABEL = "Flickr captions"
OPTIONS = {"captions", "within"}
_FILES = ("captions.txt", "results.csv", "results_*.csv", "*.token", "*.token.txt")
_FOLDERS = ("Images", "images", "flickr30k_images", "flickr30k-images", "Flicker8k_Dataset", "Flickr8k_Dataset", ".")
_TOKEN = re.compile(r"(?P<file>[^\t#]+)#(?P<number>\d+)\t(?P<text>.*)")
_BARRED = re.compile(r"(?P<file>[^|]+)\|\s*(?P<number>\d+)\s*\|(?P<text>.*)")
_PLAIN = re.compile(r"(?P<file>[^,\t]+)[,\t](?P<text>.*)")


def read(
    path: str, options: dict[str, str], look: Look | None = None, sample: int | None = None, seed: int = 0
) -> tuple[Dataset, list[Problem]]:
    """Pictures in order of their first line, each with its first five captions (`?captions=N`, 0 for all)."""
    unknown_options(options, OPTIONS)
    within = Path(options["within"]).resolve() if "within" in options else None
    file = inside(_captions_file(Path(path)), within)
    lines = _lines(file)
    folder = _pictures_folder(file.parent, [parts["file"] for _, parts in lines[:100] if parts])
    draft = Draft(file.parent.name, "retrieval", folder, within, about={"source": file.name, "format": LABEL})
    most = limit(options)
    counts: Counter[str] = Counter()
    for number, parts in lines:
        place = f"{file.name}, line {number:,}"
        if parts is None:
            text = "not a line of a file name, a comma (or tab) and a caption"
            draft.problems.append(Problem("wrong-keys", place, text, "error"))
            continue
        name = parts["file"]
        if name not in draft.entries:
            draft.add(Entry(name, name, place))
        if not most or len(draft.entries[name].captions) < most:
            draft.caption(name, f"{name}#{counts[name]}", parts["text"], place)
        counts[name] += 1
    return gather(draft, look or Look(), sample, seed)


def recognises(folder: Path) -> bool:
    """Whether a folder looks like one of these."""
    return any(True for pattern in _FILES for _ in folder.glob(pattern))


def _captions_file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInput(f"{path}: there is no such folder or file", field="dataset")
    for pattern in _FILES:
        found = sorted(path.glob(pattern))
        if found:
            return found[0]
    raise BadInput(f"{path}: there is no captions.txt, results.csv or .token file in it", field="dataset")


def _lines(file: Path) -> list[tuple[int, dict[str, str] | None]]:
    """(line number, parts) of every line that is not empty; None where a line is not of the form that the file has."""
    lines = [(number, line) for number, line in enumerate(read_text(file).splitlines(), 1) if line.strip()]
    start = " ".join(line for _, line in lines[:3])
    form = _TOKEN if "#0\t" in start else _BARRED if _BARRED.fullmatch(lines[-1][1] if lines else "") else _PLAIN
    if lines and form is not _TOKEN and lines[0][1].lower().lstrip().startswith(("image", "file")):
        lines = lines[1:]  # the header
    return [(number, _parts(form, line)) for number, line in lines]


def _parts(form: re.Pattern[str], line: str) -> dict[str, str] | None:
    match = form.fullmatch(line)
    if match is None:
        return None
    text = match["text"].strip()
    if form is _PLAIN and len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1].replace('""', '"')
    return {"file": match["file"].strip(), "text": text}


def _pictures_folder(root: Path, names: list[str]) -> Path:
    def held(folder: Path) -> int:
        paths = [below(folder, name, None) for name in names]
        return sum(path is not None and path.is_file() for path in paths)

    return max((root / name for name in _FOLDERS if (root / name).is_dir()), key=held)
