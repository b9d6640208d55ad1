"""Takes a model's answer apart: its lines without bullets and fences, the distinct ones, the class that it names."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

LONGEST = 400  # characters of a line that is still one caption
_BULLET = re.compile(r"^\s*(?:[-*•–—]+|\(?\d{1,3}[.):]|#+)\s+")
_CLASS = re.compile(r"^\W*(?:predicted )?class\W*:\W*(.*?)\W*$", re.IGNORECASE)
_NOBODY = {"", "unknown", "none", "null", "n a", "not sure", "unsure"}


def lines_of(text: str, *, whole: bool = True) -> list[str]:
    """The lines that an answer holds, a JSON list of texts included; the last is left out where it was cut off."""
    parsed = _from_json(text)
    if parsed is not None:
        return [line for line in map(_line, parsed) if line]
    rows = text.splitlines()
    if not whole:
        rows = rows[:-1]
    found = [_line(row) for row in rows if not row.strip().startswith("```")]
    return [line for line in found if line and not line.endswith(":")]


def captions_of(text: str, *, whole: bool = True) -> list[str]:
    """Its lines that can be captions: some letters, one sentence long, no line that names the class."""
    return [line for line in lines_of(text, whole=whole) if is_caption(line) and not _CLASS.match(line)]


def is_caption(line: str) -> bool:
    """Whether a line can be one: at least three letters or two signs of a script without letters, not too long."""
    letters = sum(letter.isalpha() for letter in line)
    return len(line) <= LONGEST and (letters >= 3 or (letters >= 2 and not line.isascii()))


def distinct(lines: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """The lines that say something new, in order; capitals, blanks and punctuation make no difference."""
    seen = {plain(line) for line in known}
    found = []
    for line in lines:
        key = plain(line)
        if key and key not in seen:
            seen.add(key)
            found.append(line)
    return found


def class_of(text: str, class_names: Sequence[str]) -> str | None:
    """The class that the last “Class: …” line names, as the data set writes it; None where it names none of them."""
    named = [match[1] for match in map(_CLASS.match, text.splitlines()) if match]
    if not named or plain(named[-1]) in _NOBODY:
        return None
    wanted = plain(named[-1])
    return next((name for name in class_names if plain(name) == wanted), None)


def plain(text: str) -> str:
    """A text as it is compared: small letters and digits, words with one blank between them."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded).split())


def _line(row: Any) -> str:
    text = " ".join(str(row).split()) if isinstance(row, str) else ""
    text = _BULLET.sub("", text).replace("**", "").strip()
    bare = text.rstrip(",")
    return bare[1:-1].strip() if len(bare) > 2 and bare[0] in '"“' and bare[-1] in '"”' else text


def _from_json(text: str) -> list[Any] | None:
    """A list, alone or in a fence, or the one list of an object; None where the answer is no JSON."""
    body = re.sub(r"^\s*```(?:json)?\s*|\s*```\s*$", "", text)
    if not body.lstrip().startswith(("[", "{")):
        return None
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(content, dict):
        content = next((value for value in content.values() if isinstance(value, list)), None)
    return content if isinstance(content, list) else None
