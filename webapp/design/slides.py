"""A slide: one picture or one text, and what is printed on the edge of its mount."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Slide:
    """Either `src` (a picture's address, with `alt`) or `text`. `tone` is the sticker dot: near, repaired or broken."""

    label: str  # "Wanted", "Retrieved", "2nd"
    src: str = ""
    alt: str = ""
    text: str = ""
    number: str = ""  # the item's number or id, edge print on the left
    score: float | None = None
    tone: str = ""
    url: str = ""  # where pressing the slide leads
    width: int | None = None
    height: int | None = None
    large: str = ""  # address of a larger size, for the loupe
