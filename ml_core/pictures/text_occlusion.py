"""Which word of a text an answer rests on: words are left out one by one, and the answer looked at again."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


@dataclass(frozen=True)
class Without:
    """A text without one of its words: the word, its characters from `start` to `end`, and what is left."""

    word: str
    start: int
    end: int
    left: str


def without_each(text: str) -> list[Without]:
    """The text without each of its words in turn; nothing for a text of one word, which would leave no text.

    A word is letters and digits with apostrophes and hyphens within; writing without spaces counts as one word.
    """
    found = [
        Without(match[0], match.start(), match.end(), _tidy(text[: match.start()], text[match.end() :]))
        for match in _WORD.finditer(text)
    ]
    return [one for one in found if _WORD.search(one.left)]


def _tidy(before: str, after: str) -> str:
    """What is left, with single spaces and none before a mark."""
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join((before + after).split()))
