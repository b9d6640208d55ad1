"""What differs between two texts, word by word. Knows no database and no markup."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import NamedTuple

_PIECES = re.compile(r"\s+|[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+")  # a Chinese sign is a word
_MOST = 800  # words; beyond, the whole text counts as changed


class Part(NamedTuple):
    """A stretch of text: "same", "new" or "gone"."""

    kind: str
    text: str


def difference(before: str, after: str) -> list[Part]:
    """`after` with what is new in it, and what is gone from `before` where it stood; spaces go with their words."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    if max(len(old), len(new)) > 2 * _MOST:
        return [Part("gone", before), Part("new", after)]
    parts: list[Part] = []
    for kind, start, stop, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            parts.append(Part("same", "".join(new[first:last])))
            continue
        gone, come = "".join(old[start:stop]), "".join(new[first:last])
        parts += [Part("gone", gone)] if gone.strip() else []
        parts += [Part("new", come)] if come.strip() else ([Part("same", come)] if come else [])
    return parts
