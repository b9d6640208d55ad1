"""Reads files of sentences around a class's name: one a line, or JSON with one list or several by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_core.datasets.checking import is_text
from ml_core.datasets.reading import read_json, read_text
from ml_core.spec import BadInput
from ml_core.zeroshot.templates import MOST, as_written, why_not

FILE, SET = "template_file", "template_set"
_SHOWN = 20  # problems that one message names


def read_template_sets(path: str) -> dict[str, tuple[str, ...]]:
    """The sentences by the name of their list, "" where the file holds one without a name. A .json is a list of texts,
    an object whose “templates” is one, or several such by name (as OpenAI's prompts are kept); anything else has one
    sentence a line. `{}` and `{c}` are where the class goes.

    BadInput (field "template_file") that names every sentence that cannot be used, and where it stands.
    """
    file = Path(path)
    try:
        if file.suffix.lower() == ".json":
            lists = _lists(read_json(file), file.name)
        else:
            lines = enumerate(read_text(file).splitlines(), 1)
            lists = {"": [(f"line {number:,}", line) for number, line in lines if line.strip()]}
    except BadInput as error:
        raise BadInput(str(error), field=FILE) from error
    wrong = [problem for name, rows in lists.items() for problem in _problems(name, rows)]
    if wrong:
        more = f"; and {len(wrong) - _SHOWN:,} more" if wrong[_SHOWN:] else ""
        raise BadInput(f"{file.name}: {'; '.join(wrong[:_SHOWN])}{more}", field=FILE)
    return {name: as_written(text for _, text in rows) for name, rows in lists.items()}


def templates_from(path: str, chosen: str = "") -> tuple[str, ...]:
    """The sentences of one list of a file. BadInput (field "template_set") where it has no such list, or several and
    none is chosen."""
    sets = read_template_sets(path)
    if not chosen and len(sets) == 1:
        return next(iter(sets.values()))
    if chosen not in sets:
        there = ", ".join(f"“{name}”" for name in sets if name) or "one without a name: leave this empty"
        told = f"has no list “{chosen[:80]}”" if chosen else f"has {len(sets):,} lists: choose one"
        raise BadInput(f"{Path(path).name} {told}; there is {there}", field=SET)
    return sets[chosen]


def _lists(content: Any, name: str) -> dict[str, list[tuple[str, Any]]]:
    """(place, sentence) by the name of the list."""
    if isinstance(content, list):
        return {"": _placed(content, "")}
    if isinstance(content, dict) and isinstance(content.get("templates"), list):
        return {"": _placed(content["templates"], "")}
    if not isinstance(content, dict) or not content:
        raise BadInput(f"{name}: a JSON list of sentences is wanted, or lists by name")
    found = {}
    for key, value in content.items():
        told = value.get("templates") if isinstance(value, dict) else value
        if not isinstance(told, list) or not key.strip():
            raise BadInput(f"{name}: “{key[:80]}” holds no list of sentences, nor “templates” with one")
        found[key] = _placed(told, f"“{key[:80]}”, ")
    return found


def _placed(rows: list[Any], where: str) -> list[tuple[str, Any]]:
    return [(f"{where}sentence {number:,}", text) for number, text in enumerate(rows, 1)]


def _problems(name: str, rows: list[tuple[str, Any]]) -> list[str]:
    told = f"“{name[:80]}”" if name else "it"
    if not rows or len(rows) > MOST:
        return [f"{told} holds {len(rows):,} sentences; one to {MOST} are wanted"]
    return [f"{place}: {why}" for place, text in rows if (why := _why_not(text))]


def _why_not(text: Any) -> str:
    if not isinstance(text, str) or not text.strip() or not is_text(text):
        return "no text"
    return next((why for template in as_written([text]) if (why := why_not(template))), "")
