"""What a gallery is narrowed to and how it is sorted: read from an address and written into one. No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

DIRECTIONS = {"t2i": _("Text → image"), "i2t": _("Image → text"), "classify": _("Classification")}
CLASSIFY = "classify"
OUTCOMES = {"failed": _("Failures"), "hits": _("Hits"), "all": _("Everything")}
# Buckets of the rank, in the order of width_bucket(rank, RANK_EDGES); bucket 0 is rank 1.
RANK_EDGES = (2, 6, 11, 101)
RANKS = {"2-5": _("2 to 5"), "6-10": _("6 to 10"), "11-100": _("11 to 100"), "101-": _("over 100")}
# By how much the best wrong answer won (missed) or lost (hit), in units of the score.
MARGIN_EDGES = (0.01, 0.05, 0.2)
_SPANS = ("0-0.01", "0.01-0.05", "0.05-0.2", "0.2-")
MISSED = dict(
    zip(
        (f"miss:{span}" for span in _SPANS),
        (_("under 0.01"), _("0.01 to 0.05"), _("0.05 to 0.2"), _("over 0.2")),
        strict=True,
    )
)
WON = {name.replace("miss", "hit"): words for name, words in MISSED.items()}
SORTS = {
    "-margin": _("Margin, from the top"),
    "margin": _("Margin, from the bottom"),
    "rank": _("Best rank first"),
    "-rank": _("Worst rank first"),
}
SORT_WORDS = {
    "failed": {"-margin": _("Nearest misses first"), "margin": _("Widest misses first")},
    "hits": {"margin": _("Barest hits first"), "-margin": _("Clearest hits first")},
}
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Filters:
    """One way of looking at a run's cases. `category` is a category's number; `words`: searched in the prompt; `right`
    and `first`: numbers of what was wanted and of what came first, as a confusion's cell asks for."""

    direction: str = "t2i"
    outcome: str = "failed"
    rank: str = ""
    margin: str = ""
    category: int | None = None
    right: int | None = None
    first: int | None = None
    words: str = ""
    sort: str = "-margin"

    @property
    def narrows(self) -> bool:
        """Whether anything beside direction and outcome leaves cases out."""
        numbers = (self.category, self.right, self.first)
        return bool(self.rank or self.margin or self.words) or any(number is not None for number in numbers)

    @property
    def rank_bucket(self) -> int | None:
        """The bucket's number as the database computes it."""
        return list(RANKS).index(self.rank) + 1 if self.rank else None

    @property
    def margin_bucket(self) -> int | None:
        """1 to 4 by size, negative for a miss."""
        if not self.margin:
            return None
        number = _SPANS.index(self.margin.partition(":")[2]) + 1
        return -number if self.margin in MISSED else number

    @property
    def contradiction(self) -> str:
        """Why nothing can match, in words; empty where something may."""
        if self.outcome == "hits" and self.rank:
            return gettext("A hit has rank 1, so no hit lies in these ranks.")
        if self.outcome == "hits" and self.margin in MISSED:
            return gettext("A hit was not missed by anything: its margin is above zero.")
        if self.outcome == "failed" and self.margin in WON:
            return gettext("A failure did not win: its margin is below zero.")
        if self.right is not None and self.right == self.first and (self.outcome == "failed" or self.rank):
            return gettext("What came first is what was wanted, so nothing failed there.")
        if self.right is not None and self.first not in (None, self.right) and self.outcome == "hits":
            return gettext("Something else came first, so nothing hit there.")
        if self.rank and self.margin in WON:
            return gettext("What won has rank 1, so nothing lies in these ranks.")
        return ""

    def address(self, **more: object) -> str:
        """The query of an address: what differs from the default, then `more`; empty where nothing does."""
        kept = {name: value for name, value in vars(self).items() if name == "direction" or value != _DEFAULTS[name]}
        values = {"q" if name == "words" else name: value for name, value in kept.items()} | more
        return urlencode({name: value for name, value in values.items() if value not in (None, "")})

    def without(self, *names: str) -> Filters:
        """The same with these at their defaults."""
        return replace(self, **{name: _DEFAULTS[name] for name in names})

    def sort_choices(self) -> dict[str, Any]:
        """The sorts in words that fit the outcome."""
        return SORTS | SORT_WORDS.get(self.outcome, {})


_DEFAULTS = vars(Filters())
_CHOICES = {"outcome": OUTCOMES, "rank": RANKS, "margin": MISSED | WON, "sort": SORTS}
NUMBERS = ("category", "right", "first")
NAMES = ("direction", "outcome", "rank", "margin", *NUMBERS, "q", "sort")


def read(values: Mapping[str, str], directions: tuple[str, ...]) -> tuple[Filters, dict[str, str]]:
    """Filters from an address, and for each parameter that does not fit why; those are left out.

    `directions` are those that the run has, the default first.
    """
    problems: dict[str, str] = {}
    chosen: dict[str, object] = {"direction": directions[0] if directions else "t2i"}
    if (direction := values.get("direction", "")) and direction in directions:
        chosen["direction"] = direction
    elif direction:
        problems["direction"] = _unknown(direction, directions)
    for name, choices in _CHOICES.items():
        text = values.get(name, "")
        if text in choices:
            chosen[name] = text
        elif text:
            problems[name] = _unknown(text, choices)
    for name in NUMBERS:
        text = values.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 10:
            chosen[name] = int(text)
        elif text:
            problems[name] = gettext("“%(text)s” is no category's number.") % {"text": text[:40]}
    words = " ".join(values.get("q", "").replace("\0", " ").split())
    if len(words) > LONGEST_SEARCH:
        problems["q"] = gettext("Search for at most %(n)d characters.") % {"n": LONGEST_SEARCH}
    else:
        chosen["words"] = words
    return Filters(**chosen), problems  # type: ignore[arg-type]


def _unknown(text: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    return gettext("“%(text)s” is not one of %(known)s.") % {"text": text[:40], "known": ", ".join(known)}
