"""What the address of a ledger asks for: data set, direction, runs, labels, and which failures. Asks no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from ml_core.failures.states import STATES
from webapp.experiments.cases.filters import DIRECTIONS, LONGEST_SEARCH
from webapp.verdicts.ledger.history import CHANGES

NONE = "none"  # the category of failures without a label
_LONGEST = 18  # digits of a number of the database


@dataclass(frozen=True)
class Asked:
    """A ledger as an address says it; nought and nothing stand for "as usual"."""

    corpus: int = 0
    direction: str = ""
    baseline: int = 0
    runs: tuple[int, ...] = ()  # those that somebody ticked
    labels: str = ""
    state: str = ""
    category: str = ""
    method: int = 0
    change: str = ""  # what the method did
    words: str = ""
    after: int = -1  # the case that the page of failures begins after

    def address(self, **changes: object) -> str:
        """The part of the address behind the question mark, in one order, without what is usual."""
        asked = replace(self, **changes)  # type: ignore[arg-type]
        plain, said = Asked(), dict[str, object]()
        for name in vars(plain):
            if (value := getattr(asked, name)) != getattr(plain, name):
                said["q" if name == "words" else name] = ",".join(map(str, value)) if name == "runs" else value
        return urlencode(said, safe=",")

    @property
    def filtered(self) -> bool:
        """Whether failures are left out."""
        return bool(self.state or self.category or self.method or self.words)


def read(query: QueryDict) -> Asked:
    """What an address asks for. Words that are none of ours count as not said; numbers are looked up later."""
    runs = dict.fromkeys(_number(part) for text in query.getlist("runs") for part in text.split(","))
    direction, state, change = (query.get(name, "") for name in ("direction", "state", "change"))
    method, after = _number(query.get("method", "")), query.get("after", "")
    return Asked(
        corpus=_number(query.get("corpus", "")),
        direction=direction if direction in DIRECTIONS else "",
        baseline=_number(query.get("baseline", "")),
        runs=tuple(number for number in runs if number),
        labels=query.get("labels", "")[:40],
        state=state if state in STATES[1:] else "",
        category=query.get("category", "")[:40],
        method=method,
        change=change if method and change in CHANGES else "",
        words=" ".join(query.get("q", "").replace("\0", " ").split())[:LONGEST_SEARCH],
        after=int(after) if after.isascii() and after.isdecimal() and len(after) < 10 else -1,
    )


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0
