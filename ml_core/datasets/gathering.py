"""Turns what a format's reader found (names, captions, boxes) into a Dataset, after looking at every file it names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.datasets.checking import Look, Seen, below, caption_problem, is_text, look_at_files, name_problem
from ml_core.datasets.sampling import chosen
from ml_core.datasets.types import Dataset, Problem, Task
from ml_core.spec import BadInput


@dataclass(slots=True)
class Entry:
    """A picture that a source names, not looked at yet. `declared` is its size in pixels as the source has it."""

    id: str
    file_name: str
    place: str
    label: int = -1
    declared: tuple[int, int] | None = None
    captions: list[tuple[str, str]] = field(default_factory=list)  # (id, text)
    boxes: list[tuple[int, float, float, float, float]] = field(default_factory=list)  # category number, x, y, w, h


@dataclass
class Draft:
    """Everything that a source names, in its frozen order, and what was wrong so far."""

    name: str
    task: Task
    folder: Path  # file names are relative to it
    within: Path | None = None
    categories: list[tuple[int, str, str]] = field(default_factory=list)  # external id, name, supercategory
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Takes a picture in; the second of the same id is left out and told (an error where it has another label), and
        so is a name that is no text."""
        if not is_text(entry.id) or not is_text(entry.file_name):
            shown = ascii(entry.file_name[:100])
            text = f"the name {shown} is not valid text"
            self.problems.append(Problem("wrong-type", ascii(entry.place[:200]), text, "error"))
            return
        if entry.id in self.entries:
            self.problems.append(self._again(self.entries[entry.id], entry))
            return
        self.entries[entry.id] = entry

    def _again(self, first: Entry, entry: Entry) -> Problem:
        if first.label == entry.label:
            text = f"the picture id {entry.id} stands here again (first: {first.place}); the first is kept"
            return Problem("duplicate-id", entry.place, text)
        one, other = (self.categories[label][1] for label in (first.label, entry.label))
        text = f"the picture {entry.id} is {other!r} here and {one!r} before ({first.place}); the first is kept"
        return Problem("two-labels", entry.place, text, "error")

    def caption(self, item_id: str, caption_id: str, text: object, place: str) -> None:
        """Takes a caption in, or tells why not."""
        entry = self.entries.get(item_id)
        if entry is None:
            told = f"caption {caption_id} belongs to picture {item_id}, which is not in the list of pictures; left out"
            self.problems.append(Problem("caption-without-picture", place, told))
            return
        problem = caption_problem(text, place)
        if problem is not None:
            self.problems.append(problem)
        if problem is None:
            entry.captions.append((caption_id, " ".join(str(text).split())))


def gather(draft: Draft, look: Look, sample: int | None, seed: int) -> tuple[Dataset, list[Problem]]:
    """The data set that a draft describes; BadInput where no picture of it can be used."""
    entries = _with_captions(draft) if draft.task == "retrieval" else list(draft.entries.values())
    positions = chosen([entry.id for entry in entries], sample, seed)
    if len(positions) < len(entries):
        entries = [entries[position] for position in positions]
        draft.about |= {"sample": sample, "seed": seed}
    kept, seen, paths = _usable(draft, entries, look)
    if not kept:
        raise BadInput(f"{draft.name}: no picture in it can be used{_why(draft.problems)}", field="dataset")
    _tell_same_pictures(draft, kept, seen)
    return _dataset(draft, kept, seen, _opener(paths)), draft.problems


def _with_captions(draft: Draft) -> list[Entry]:
    """The pictures that a caption asks for. The others are no candidates either: a reader is told of each, and `about`
    keeps their number, because recall is higher among fewer candidates."""
    without = [entry for entry in draft.entries.values() if not entry.captions]
    for entry in without:
        told = f"picture {entry.id} has no caption; left out, also from what can be retrieved"
        draft.problems.append(Problem("picture-without-caption", entry.place, told))
    if without:
        draft.about |= {"without_caption": len(without)}
    return [entry for entry in draft.entries.values() if entry.captions]


def _usable(draft: Draft, entries: list[Entry], look: Look) -> tuple[list[Entry], list[Seen], list[Path]]:
    safe: list[tuple[Entry, Path]] = []
    for entry in entries:
        path = below(draft.folder, entry.file_name, draft.within)
        if path is None:
            text = f"the file name {entry.file_name[:200]!r} leads out of the folder of pictures"
            draft.problems.append(Problem("path-outside", entry.place, text, "error"))
        else:
            safe.append((entry, path))
    kept, seen, paths = [], [], []
    found = look_at_files([path for _, path in safe], [entry.file_name for entry, _ in safe], look)
    for (entry, path), result in zip(safe, found, strict=True):
        if isinstance(result, Problem):
            draft.problems.append(result)
            continue
        misnamed = name_problem(entry.file_name, result, entry.file_name)
        draft.problems += [misnamed] if misnamed else []
        kept.append(entry)
        seen.append(result)
        paths.append(path)
    return kept, seen, paths


def _tell_same_pictures(draft: Draft, kept: list[Entry], seen: list[Seen]) -> None:
    first: dict[str, Entry] = {}
    for entry, facts in zip(kept, seen, strict=True):
        other = first.setdefault(facts.hash, entry)
        if other is not entry:
            text = f"the same bytes as {other.file_name} (picture {other.id}); both are kept"
            draft.problems.append(Problem("duplicate-picture", entry.file_name, text))


def _dataset(draft: Draft, kept: list[Entry], seen: list[Seen], open_bytes: Callable[[int], bytes]) -> Dataset:
    captions = [(number, *caption) for number, entry in enumerate(kept) for caption in entry.captions]
    boxes = [
        (number, *box)
        for number, (entry, facts) in enumerate(zip(kept, seen, strict=True))
        for box in _scaled(draft, entry, facts)
    ]
    return Dataset(
        name=draft.name,
        task=draft.task,
        item_ids=[entry.id for entry in kept],
        file_names=[entry.file_name for entry in kept],
        file_hashes=[facts.hash for facts in seen],
        file_sizes=np.array([facts.size for facts in seen], dtype=np.int32),
        widths=np.array([facts.width for facts in seen], dtype=np.int32),
        heights=np.array([facts.height for facts in seen], dtype=np.int32),
        caption_ids=[caption_id for _, caption_id, _ in captions],
        caption_texts=[text for _, _, text in captions],
        caption_items=np.array([number for number, _, _ in captions], dtype=np.int32),
        category_ids=[number for number, _, _ in draft.categories],
        category_names=[name for _, name, _ in draft.categories],
        supercategories=[name for _, _, name in draft.categories],
        box_items=np.array([box[0] for box in boxes], dtype=np.int32),
        box_categories=np.array([box[1] for box in boxes], dtype=np.int32),
        boxes_B4=np.array([box[2:] for box in boxes], dtype=np.float32).reshape(-1, 4),
        labels=np.array([entry.label for entry in kept] if draft.task == "classification" else [], dtype=np.int32),
        open_bytes=open_bytes,
        about=draft.about,
    )


def _scaled(draft: Draft, entry: Entry, seen: Seen) -> list[tuple[int, float, float, float, float]]:
    """Boxes in pixels of the file that is there: sets are often stored smaller than their annotations say."""
    if not entry.boxes or entry.declared is None or entry.declared == (seen.width, seen.height):
        return entry.boxes
    across, down = seen.width / entry.declared[0], seen.height / entry.declared[1]
    size = f"{seen.width} × {seen.height} pixels where {entry.declared[0]} × {entry.declared[1]} are declared"
    if abs(across / down - 1) > 0.02:
        text = f"{size}, another shape; its boxes are left out"
        draft.problems.append(Problem("size-differs", entry.file_name, text))
        return []
    draft.problems.append(Problem("size-differs", entry.file_name, f"{size}; its boxes are scaled"))
    return [(category, x * across, y * down, w * across, h * down) for category, x, y, w, h in entry.boxes]


def _opener(paths: list[Path]) -> Callable[[int], bytes]:
    def open_bytes(number: int) -> bytes:
        return paths[number].read_bytes()

    return open_bytes


def _why(problems: list[Problem]) -> str:
    if not problems:
        return "; it is empty"
    first = problems[0]
    return f" ({len(problems):,} problems, the first: {first.place}: {first.message})"
