"""Reads captions that a model generated for pictures; refuses those that people wrote."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from ml_core.datasets.types import Dataset
from ml_core.spec import BadInput

_ID_KEYS = ("image_id", "item_id", "id", "file_name", "filename", "image_path")
_TEXT_KEYS = ("caption", "captions", "description", "text")
_MOST_ALIKE = 0.2  # share of pictures whose generated caption may be one that people wrote


def read_generated(path: str, dataset: Dataset) -> list[str]:
    """The generated text of each picture, "" where there is none: N texts in the data set's order.

    JSON: {picture: caption or list}, a list of objects with a picture (image_id, file_name …) and a caption, the same
    under "annotations" or "predictions", or one such object a line. Pictures are named by id or by file name.
    BadInput (field "generated") where nothing fits, or where the captions are the data set's own.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    for name, said in _entries(path):
        texts[name] += said
    found = [
        " ".join(texts.get(item_id) or texts.get(file_name) or texts.get(Path(file_name).name) or [])
        for item_id, file_name in zip(dataset.item_ids, dataset.file_names, strict=True)
    ]
    if not any(found):
        raise BadInput(f"{path} has no caption for any picture of this data set", field="generated")
    _refuse_human(texts, dataset)
    return found


def _refuse_human(texts: dict[str, list[str]], dataset: Dataset) -> None:
    """The right picture's own captions would give the answer away."""
    written: dict[int, set[str]] = defaultdict(set)
    for text, item in zip(dataset.caption_texts, dataset.caption_items.tolist(), strict=True):
        written[item].add(_plain(text))
    alike = total = 0
    for item, (item_id, file_name) in enumerate(zip(dataset.item_ids, dataset.file_names, strict=True)):
        said = texts.get(item_id) or texts.get(file_name) or texts.get(Path(file_name).name) or []
        total += bool(said)
        alike += any(_plain(text) in written[item] for text in said)
    if alike > _MOST_ALIKE * total:
        raise BadInput(
            f"for {alike:,} of {total:,} pictures the generated captions are those of the data set itself, which would "
            "give the answer away; name captions that a model made",
            field="generated",
        )


def _entries(path: str) -> list[tuple[str, list[str]]]:
    try:
        text = Path(path).read_text("utf-8-sig")
        content = _parsed(text, lines=path.endswith((".jsonl", ".ndjson")))
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read the generated captions {path}: {error}", field="generated") from error
    if isinstance(content, dict):
        inner = next(
            (content[key] for key in ("annotations", "predictions") if isinstance(content.get(key), list)), None
        )
        if inner is None:
            return [(str(name), _said(value)) for name, value in content.items() if not str(name).startswith("_")]
        content = inner
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise BadInput(f"{path} must hold objects that name a picture and its caption", field="generated")
    return [
        (_first(entry, _ID_KEYS), _said(next((entry[k] for k in _TEXT_KEYS if k in entry), []))) for entry in content
    ]


def _parsed(text: str, lines: bool) -> Any:
    return [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)


def _first(entry: dict[str, Any], keys: tuple[str, ...]) -> str:
    return str(next((entry[key] for key in keys if key in entry), ""))


def _said(value: Any) -> list[str]:
    return [str(part) for part in (value if isinstance(value, list) else [value])]


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
