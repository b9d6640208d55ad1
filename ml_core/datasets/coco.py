"""Reads COCO captions and instances, `coco:PATH`: `annotations/captions*.json` beside pictures, or that file."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

from pycocotools.coco import COCO

from ml_core.datasets.checking import Look, below, inside, is_text
from ml_core.datasets.gathering import Draft, Entry, gather
from ml_core.datasets.reading import limit, member, read_json, unknown_options
from ml_core.datasets.types import Dataset, Problem
from ml_core.spec import BadInput

PREFIX = "coco"
LABEL = "COCO captions"
OPTIONS = {"split", "captions", "within"}


def read(
    path: str, options: dict[str, str], look: Look | None = None, sample: int | None = None, seed: int = 0
) -> tuple[Dataset, list[Problem]]:
    """Pictures by ascending id, each with its first five captions by annotation id (`?captions=N`, 0 for all).

    `?split=val2017` chooses among several caption files; `?within=FOLDER` refuses files outside that folder.
    """
    unknown_options(options, OPTIONS)
    within = Path(options["within"]).resolve() if "within" in options else None
    captions_file = inside(_captions_file(Path(path), options.get("split", "")), within)
    data = read_json(captions_file)
    draft = _draft(data, captions_file, within)
    _captions(draft, data, captions_file, limit(options))
    instances_file = captions_file.with_name(captions_file.name.replace("captions", "instances", 1))
    if instances_file != captions_file and instances_file.is_file():
        _boxes(draft, read_json(inside(instances_file, within)), instances_file)
    return gather(draft, look or Look(), sample, seed)


def recognises(folder: Path) -> bool:
    """Whether a folder looks like one of these."""
    return bool(_caption_files(folder))


def _caption_files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("annotations/captions*.json"), *folder.glob("captions*.json")])


def _captions_file(path: Path, split: str) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInput(f"{path}: there is no such folder or file", field="dataset")
    found = [file for file in _caption_files(path) if split in file.stem]
    if not found:
        wanted = f"annotations/captions*{split}*.json" if split else "annotations/captions*.json"
        raise BadInput(f"{path}: there is no {wanted} in it", field="dataset")
    if len(found) > 1:
        names = ", ".join(file.stem.removeprefix("captions").strip("_") for file in found)
        raise BadInput(f"{path}: there are several caption files; choose one by ?split= ({names})", field="dataset")
    return found[0]


def _draft(data: Any, file: Path, within: Path | None) -> Draft:
    entries, problems = [], []
    for position, image in enumerate(member(data, "images", list, file)):
        place = f"{file.name}: images[{position}]"
        if not isinstance(image, dict) or not _is_id(image.get("id")) or not isinstance(image.get("file_name"), str):
            text = "an image is an object with an id (a whole number) and a file_name (a text)"
            problems.append(Problem("wrong-keys", place, text, "error"))
            continue
        entries.append(Entry(str(image["id"]), image["file_name"], place, declared=_declared(image)))
    root = file.parent.parent if file.parent.name == "annotations" else file.parent
    split = file.stem.removeprefix("captions").strip("_")
    folder = _pictures_folder(root, split, [entry.file_name for entry in entries[:50]])
    about = {"source": f"{root.name}/{file.name}", "format": LABEL, **_about(data)}
    draft = Draft(f"{root.name} {split}".strip(), "retrieval", folder, within, problems=problems, about=about)
    for entry in sorted(entries, key=lambda entry: int(entry.id)):
        draft.add(entry)
    return draft


def _pictures_folder(root: Path, split: str, names: list[str]) -> Path:
    """The candidate that holds the most of the first pictures."""
    candidates = [root / "images" / split, root / split, root / "images", root] if split else [root / "images", root]
    candidates = [folder for folder in candidates if folder.is_dir()]

    def held(folder: Path) -> int:
        paths = [below(folder, name, None) for name in names]
        return sum(path is not None and path.is_file() for path in paths)

    return max(candidates, key=held) if candidates else root


def _captions(draft: Draft, data: Any, file: Path, limit: int) -> None:
    usable = []
    seen: set[int] = set()
    for position, annotation in enumerate(member(data, "annotations", list, file)):
        place = f"{file.name}: annotations[{position}]"
        if not isinstance(annotation, dict) or not all(_is_id(annotation.get(key)) for key in ("id", "image_id")):
            text = "a caption is an object with an id and an image_id (whole numbers) and a caption (a text)"
            draft.problems.append(Problem("wrong-keys", place, text, "error"))
        elif "caption" not in annotation:
            there = ", ".join(repr(key) for key in list(annotation)[:8])
            text = f"the key 'caption' is missing; there is: {there}"
            draft.problems.append(Problem("wrong-keys", place, text, "error"))
        elif annotation["id"] in seen:
            text = f"the caption id {annotation['id']} stands here again; the first is kept"
            draft.problems.append(Problem("duplicate-id", place, text))
        else:
            seen.add(annotation["id"])
            usable.append((annotation["id"], str(annotation["image_id"]), annotation["caption"], place))
    for caption_id, item_id, text, place in sorted(usable, key=lambda caption: caption[0]):
        entry = draft.entries.get(item_id)
        if entry is None or not limit or len(entry.captions) < limit:
            draft.caption(item_id, str(caption_id), text, place)


def _boxes(draft: Draft, data: Any, file: Path) -> None:
    """Categories in order of their ids, and every box of a picture that has captions."""
    categories = member(data, "categories", list, file)
    for category in categories:
        if not isinstance(category, dict) or not _is_id(category.get("id")) or abs(category["id"]) >= 2**31:
            text = "a category is an object with an id (a whole number) and a name"
            raise BadInput(f"{file.name}: {text}", field="dataset")
        if not all(is_text(str(category.get(key, ""))) for key in ("name", "supercategory")):
            raise BadInput(f"{file.name}: the name of category {category['id']} is not valid text", field="dataset")
    usable = []
    known = {category["id"] for category in categories}
    for position, annotation in enumerate(member(data, "annotations", list, file)):
        if _is_box(annotation) and annotation["category_id"] in known:
            usable.append(annotation)
        else:
            text = "a box is an object with image_id, category_id (of the list of categories) and bbox [x, y, w, h]"
            draft.problems.append(Problem("wrong-keys", f"{file.name}: annotations[{position}]", text, "error"))
    index = _index(usable, categories)
    draft.categories = [
        (number, str(index.cats[number].get("name", number)), str(index.cats[number].get("supercategory", "")))
        for number in sorted(index.cats)
    ]
    numbers = {external: number for number, (external, _, _) in enumerate(draft.categories)}
    for item_id, entry in draft.entries.items():
        entry.boxes = [
            (numbers[annotation["category_id"]], *_four(annotation["bbox"]))
            for annotation in index.imgToAnns.get(int(item_id), [])
        ]


def _four(box: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = (float(value) for value in box)
    return x, y, width, height


def _index(annotations: list[dict[str, Any]], categories: list[dict[str, Any]]) -> COCO:
    index = COCO()
    index.dataset = {"annotations": annotations, "categories": categories}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints while it indexes
        index.createIndex()
    return index


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_box(annotation: Any) -> bool:
    if not isinstance(annotation, dict) or not all(_is_id(annotation.get(key)) for key in ("image_id", "category_id")):
        return False
    box = annotation.get("bbox")
    if not isinstance(box, list) or len(box) != 4 or "id" not in annotation:
        return False
    return all(isinstance(value, int | float) and abs(value) < 1e7 for value in box)


def _declared(image: dict[str, Any]) -> tuple[int, int] | None:
    width, height = image.get("width"), image.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or min(width, height) <= 0:
        return None
    return width, height


def _about(data: dict[str, Any]) -> dict[str, Any]:
    info = data.get("info")
    description = info.get("description") if isinstance(info, dict) else None
    return {"description": str(description)[:300]} if description and is_text(str(description)) else {}
