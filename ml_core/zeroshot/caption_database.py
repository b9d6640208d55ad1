"""Reads a file of captions to search in: one a line, a table, or JSON lines; says all that is wrong in one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_core.datasets.checking import is_text
from ml_core.datasets.reading import read_csv, read_text
from ml_core.generators.recorded import LONGEST
from ml_core.spec import BadInput

FIELD = "database"
COLUMNS = ("caption", "text", "description", "sentence")  # of a table or of an object, the first that is there
_SHOWN = 20  # problems that one message names


@dataclass(frozen=True)
class Database:
    """Distinct captions in the order of the file; `repeated` more stood there again."""

    name: str
    captions: list[str]
    repeated: int = 0

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the captions in their order."""
        return hashlib.sha256(json.dumps(self.captions, ensure_ascii=False).encode()).hexdigest()


def read_database(path: str) -> Database:
    """A .csv or .tsv with a column called caption (text, description or sentence; a single one may be called anything),
    .jsonl or .json of texts or of objects with such a key, anything else as one caption a line.

    BadInput (field "database") that names every line without a caption or with one that cannot be used.
    """
    file = Path(path)
    kind = file.suffix.lower()
    try:
        if kind in (".csv", ".tsv"):
            lines = _of_table(file)
        elif kind in (".jsonl", ".ndjson", ".json"):
            lines = _of_json(file, read_text(file), whole=kind == ".json")
        else:
            lines = ((n, text) for n, text in enumerate(read_text(file).splitlines(), 1) if text.strip())
        return database_of(file.name, [_checked(file.name, list(lines))])
    except BadInput as error:
        raise BadInput(str(error), field=FIELD) from error


def database_of(name: str, rows: Sequence[Sequence[str]]) -> Database:
    """The distinct captions of some lists of them; BadInput (field "database") where there is none."""
    every = [" ".join(text.split()) for row in rows for text in row]
    distinct = list(dict.fromkeys(every))
    if not distinct:
        raise BadInput(f"{name}: there is no caption in it", field=FIELD)
    return Database(name, distinct, len(every) - len(distinct))


def _checked(name: str, lines: list[tuple[int, Any]]) -> list[str]:
    wrong = [f"line {number:,} {why}" for number, text in lines if (why := _why_not(text))]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN:,} more" if wrong[_SHOWN:] else ""
        raise BadInput(f"{name}: {'; '.join(wrong[:_SHOWN])}{more}", field=FIELD)
    return [text for _, text in lines]


def _why_not(text: Any) -> str:
    if not isinstance(text, str):
        return f"has no text under {', '.join(COLUMNS)}"
    if not text.strip():
        return "has an empty caption"
    if not is_text(text):
        return "is not valid text"
    return f"has {len(text):,} characters; at most {LONGEST:,} are read" if len(text) > LONGEST else ""


def _of_table(file: Path) -> Iterator[tuple[int, Any]]:
    rows = list(read_csv(file))
    if not rows:
        return
    head = [cell.strip().casefold() for cell in rows[0][1]]
    column = next((head.index(name) for name in COLUMNS if name in head), None)
    if column is None and len(head) > 1:
        raise BadInput(f"{file.name}: no column is called {' or '.join(COLUMNS)}; there are: {', '.join(rows[0][1])}")
    for number, row in rows if column is None else rows[1:]:
        yield number, row[column or 0] if len(row) > (column or 0) else ""


def _of_json(file: Path, text: str, *, whole: bool) -> Iterator[tuple[int, Any]]:
    if whole:
        values = _parsed(file, text, 1)
        if not isinstance(values, list):
            raise BadInput(f"{file.name}: a JSON list of captions is wanted, not a {type(values).__name__}")
        yield from ((number, _text_of(value)) for number, value in enumerate(values, 1))
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, _text_of(_parsed(file, line, number))


def _parsed(file: Path, text: str, number: int) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadInput(f"{file.name}, line {number:,}: broken JSON: {error}") from error


def _text_of(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return next((value[name] for name in COLUMNS if name in value), None)
