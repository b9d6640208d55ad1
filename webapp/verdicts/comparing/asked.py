"""What the address of a comparison asks for: runs, baseline, direction, set, slice, which flips. Asks no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from webapp.experiments.cases.filters import DIRECTIONS

MOST = 200  # runs in one comparison
ALL = "all"
CELLS = ("repaired", "broken", "still_wrong", "wrong_differently")
NO_CONTROL = -1
_NAMES = (
    "baseline",
    "direction",
    "set",
    "slice",
    "control",
    "against",
    "flips",
    "after",
    "settings",
    "sort",
    "registration",
)
_LONGEST = 18  # digits of a number of the database


@dataclass(frozen=True)
class Asked:
    """A comparison as an address says it; `baseline` is the oldest run where none is named."""

    runs: tuple[int, ...] = ()
    baseline: int = 0
    direction: str = ""
    set: int = 0
    slice: str = ALL  # a category of the set
    flips: str = "repaired"
    against: int = 0  # the run whose flips are shown
    after: int = -1  # the case that the page of flips begins after
    settings: str = ""  # "all": those that are the same as well
    control: int = 0  # the run that changes as much at random; 0: one of the runs that says so, NO_CONTROL: none
    sort: str = ""  # the column that the table of many runs is ordered by, "-" before it for the other way
    registration: int = 0  # which one the comparison is held to; 0: the first that counts

    @property
    def with_runs(self) -> str:
        """The runs as a form hands them on."""
        return ",".join(map(str, self.runs))

    def address(self, **changes: object) -> str:
        """The part of the address behind the question mark, in one order, without what is usual."""
        return urlencode(self.said(**changes), safe=",")

    def said(self, **changes: object) -> dict[str, object]:
        """The same by name, as a form hands it on: its buttons then add what they change."""
        asked = replace(self, **changes)  # type: ignore[arg-type]
        plain = Asked(baseline=min(asked.runs, default=0))  # what `read` takes where none is said
        said: dict[str, object] = {"runs": asked.with_runs}
        for name in _NAMES:
            if getattr(asked, name) != getattr(plain, name):
                said[name] = getattr(asked, name)
        if asked.control == NO_CONTROL:
            said["control"] = "none"
        return said

    def with_run(self, run: int) -> Asked:
        """One more run."""
        return replace(self, runs=tuple(dict.fromkeys((*self.runs, run))), after=-1)

    def without_run(self, run: int) -> Asked:
        """One run less; the first left over is the baseline where that one goes."""
        left = tuple(one for one in self.runs if one != run)
        baseline = self.baseline if self.baseline in left else (left[0] if left else 0)
        control = 0 if self.control == run else self.control
        return replace(self, runs=left, baseline=baseline, control=control, against=0, after=-1)


def read(query: QueryDict) -> Asked:
    """What an address asks for. Words that are none of ours count as not said; numbers are looked up later."""
    runs = tuple(dict.fromkeys(_number(part) for text in query.getlist("runs") for part in text.split(",")))
    runs = tuple(number for number in runs if number)
    baseline = _number(query.get("baseline", ""))
    baseline = baseline if baseline in runs else min(runs, default=0)  # the oldest, where the address does not say
    control = _number(query.get("control", ""))
    if (leaving := _number(query.get("without", ""))) in runs:
        return read(_without(query, Asked(runs=runs, baseline=baseline, control=control), leaving))
    if control == baseline:
        control = 0
    if control and control not in runs:
        runs = (*runs, control)
    against = _number(query.get("against", ""))
    direction, flips = query.get("direction", ""), query.get("flips", "")
    number = _number(query.get("set", ""))
    return Asked(
        runs=runs,
        baseline=baseline,
        direction=direction if direction in DIRECTIONS else "",
        set=number,
        slice=query.get("slice", "")[:40] or ALL if number else ALL,
        flips=flips if flips in CELLS else CELLS[0],
        against=against if against in runs and against != baseline else 0,
        after=int(text) if (text := query.get("after", "")).isdecimal() and len(text) < 10 else -1,
        settings="all" if query.get("settings") == "all" else "",
        control=NO_CONTROL if query.get("control") == "none" else control,
        sort=query.get("sort", "")[:80],
        registration=_number(query.get("registration", "")),
    )


def _without(query: QueryDict, asked: Asked, leaving: int) -> QueryDict:
    """The address with one run less."""
    left, changed = asked.without_run(leaving), query.copy()
    del changed["without"]
    changed.setlist("runs", [left.with_runs])
    changed["baseline"] = str(left.baseline)
    if asked.control == leaving:
        changed["control"] = ""
    return changed


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0
