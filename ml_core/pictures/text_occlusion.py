"""Which word of a text an answer rests on: words are left out one by one; what that cost is kept, each text once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(r"\w+(?:['’\-]\w+)*")
PICTURE = ("number", "item", "label_name", "given_name", "margin")
CAPTION = ("side", "class_name", "caption")
WORD_COLUMNS = (*PICTURE, *CAPTION, "text", "word", "start", "end", "drop", "flips")


@dataclass(frozen=True)
class Without:
    """A text without one of its words: the word, its characters from `start` to `end`, and what is left."""

    word: str
    start: int
    end: int
    left: str


@dataclass(frozen=True)
class Picture:
    """A picture that was classified; `margin` is that of the class given."""

    number: int
    item: str
    label_name: str
    given_name: str
    margin: float


@dataclass(frozen=True)
class Caption:
    """A text that bears on a picture: its own (`side` picture) or of the class `class_name`, `caption` its place there.
    Of each word its characters (`spans`), what the margin loses without it, and whether another class is given then."""

    side: str
    class_name: str | None
    caption: int
    text: str
    spans: Sequence[tuple[int, int]]
    drops: Sequence[float]
    flips: Sequence[bool]


def without_each(text: str) -> list[Without]:
    """The text without each of its words in turn; nothing for a text of one word, which would leave no text.

    A word is letters and digits with apostrophes and hyphens within; writing without spaces counts as one word.
    """
    found = [
        Without(match[0], match.start(), match.end(), _tidy(text[: match.start()], text[match.end() :]))
        for match in _WORD.finditer(text)
    ]
    return [one for one in found if _WORD.search(one.left)]


def packed(told: Sequence[tuple[Picture, Sequence[Caption]]]) -> dict[str, Any]:
    """One table for a file: `texts`, each once, with the characters of their words in `spans`; `pictures` by column;
    `captions` by column, a list of `drops` each and the places of the words that `flips` the answer."""
    texts: dict[str, int] = {}
    spans: list[list[tuple[int, int]]] = []
    captions: dict[str, list[Any]] = {name: [] for name in ("picture", *CAPTION, "text", "drops", "flips")}
    for number, (_picture, some) in enumerate(told):
        for one in some:
            if (place := texts.setdefault(one.text, len(texts))) == len(spans):
                spans.append(list(one.spans))
            drops = [float(f"{drop:.6g}") for drop in one.drops]
            flips = [word for word, flips in enumerate(one.flips) if flips]
            row = (number, one.side, one.class_name, one.caption, place, drops, flips)
            for column, value in zip(captions.values(), row, strict=True):
                column.append(value)
    pictures = {name: [getattr(picture, name) for picture, _some in told] for name in PICTURE}
    return {"texts": list(texts), "spans": spans, "pictures": pictures, "captions": captions}


def unpacked(table: dict[str, Any]) -> Iterator[tuple[Picture, Caption]]:
    """Each caption with its picture, in order; another table raises ValueError, KeyError, TypeError or IndexError."""
    pictures = [Picture(*row) for row in zip(*(table["pictures"][name] for name in PICTURE), strict=True)]
    texts, spans, columns = table["texts"], table["spans"], table["captions"]
    order = ("picture", *CAPTION, "text", "drops", "flips")
    for picture, side, owner, place, text, drops, flips in zip(*(columns[name] for name in order), strict=True):
        words = [(int(start), int(end)) for start, end in spans[text]]
        if len(drops) != len(words):
            raise ValueError(f"{len(drops)} numbers for {len(words)} words")
        changed = set(flips)
        turned = [word in changed for word in range(len(words))]
        yield pictures[picture], Caption(side, owner, place, texts[text], words, drops, turned)


def word_rows(table: dict[str, Any]) -> Iterator[list[Any]]:
    """A row a word, in WORD_COLUMNS."""
    for picture, one in unpacked(table):
        about = [getattr(picture, name) for name in PICTURE]
        for (start, end), drop, flips in zip(one.spans, one.drops, one.flips, strict=True):
            word = [one.text, one.text[start:end], start, end, drop, flips]
            yield [*about, one.side, one.class_name, one.caption, *word]


def _tidy(before: str, after: str) -> str:
    """What is left, with single spaces and none before a mark."""
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join((before + after).split()))
