"""Reads the text files of data sets (JSON, CSV, lines) and names the line where one is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_core.spec import BadInput


def read_text(path: Path) -> str:
    """A UTF-8 text, with or without a byte order mark; BadInput that says where it is not."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name}: not UTF-8 text at byte {error.start:,}", field="dataset") from error
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}", field="dataset") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds; BadInput with line and column where it is broken."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{path.name}, line {error.lineno}, column {error.colno}"
        raise BadInput(f"{where}: broken JSON: {error.msg}", field="dataset") from error
    except RecursionError as error:
        raise BadInput(f"{path.name}: nested too deeply to be a data set", field="dataset") from error
    except ValueError as error:  # a number of thousands of digits
        raise BadInput(f"{path.name}: holds a number that cannot be read: {error}", field="dataset") from error


def member(data: Any, key: str, kind: type, path: Path) -> Any:
    """`data[key]` of a wanted type; BadInput that says which keys are there instead."""
    if not isinstance(data, dict):
        raise BadInput(f"{path.name}: a JSON object is wanted, not a {type(data).__name__}", field="dataset")
    if key not in data:
        there = ", ".join(repr(name) for name in list(data)[:8]) or "nothing"
        raise BadInput(f"{path.name}: the key {key!r} is missing; there is: {there}", field="dataset")
    if not isinstance(data[key], kind):
        raise BadInput(f"{path.name}: {key!r} should be a {kind.__name__}", field="dataset")
    return data[key]


def read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, fields) of a comma, semicolon or tab separated file, empty lines left out."""
    text = read_text(path)
    head = text[: text.find("\n") if "\n" in text else len(text)]
    mark = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark if mark in head else ",", strict=True)
    csv.field_size_limit(2**20)
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield rows.line_num, row
    except csv.Error as error:
        raise BadInput(f"{path.name}, line {rows.line_num}: not a proper CSV row: {error}", field="dataset") from error


def unknown_options(options: dict[str, str], known: set[str]) -> None:
    """BadInput for an option that a reader does not have."""
    for name in options:
        if name not in known:
            there = ", ".join(sorted(known | {"sample", "seed", "broken"}))
            raise BadInput(f"there is no option {name!r} of a data set here; there are: {there}", field="dataset")


def limit(options: dict[str, str]) -> int:
    """Captions a picture (`?captions=N`): the first five unless said otherwise, 0 for all."""
    text = options.get("captions", "5")
    if not text.isascii() or not text.isdigit():
        raise BadInput(f"captions={text!r}: a whole number from 0 is wanted", field="dataset")
    return int(text)
