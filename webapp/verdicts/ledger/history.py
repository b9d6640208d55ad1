"""A ledger's history as a file: every query's state after every run, a byte each. Knows no array library.

`ledgers/PROJECT/DIGEST.bin` holds little-endian int32 planes of one value a query (NUMBERS), then a plane of bytes for
each run: numbers of `ml_core.failures.states.STATES`. Queries stand in the order of their case numbers.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import IO

from ml_core.failures.states import STATES, WRONG
from webapp.annotation.models import Calculation
from webapp.experiments.files import store

PREFIX = "ledgers"
LEDGER = "ledger"  # the kind of calculation
NUMBERS = ("number", "prompt", "right", "unit")
CHANGES = ("repaired", "broken", "still_wrong")
_YES, _NO = 1, 0
_CODE = {name: code for code, name in enumerate(STATES)}


def history_key(project_id: int, digest: str) -> str:
    """Where the file of these runs lies."""
    return f"{PREFIX}/{project_id}/{digest}.bin"


def named_files() -> Iterable[str]:
    """Every file that a calculation names."""
    return Calculation.objects.filter(kind=LEDGER, result__has_key="key").values_list("result__key", flat=True)


class History:
    """The file, read a plane at a time. FileNotFoundError where the store has it no more."""

    def __init__(self, key: str, runs: Sequence[int], count: int):
        self.runs, self.count = list(runs), count
        self._file: IO[bytes] = store().open(key)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def __enter__(self) -> History:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def column(self, name: str) -> array[int]:
        """One of NUMBERS, of every query."""
        self._file.seek(4 * self.count * NUMBERS.index(name))
        found: array[int] = array("i")
        found.frombytes(self._file.read(4 * self.count))
        if sys.byteorder != "little":
            found.byteswap()
        return found

    @cached_property
    def numbers(self) -> array[int]:
        """The case numbers, rising."""
        return self.column("number")

    def plane(self, run: int) -> bytes:
        """Every query's state after a run."""
        self._file.seek(self.count * (4 * len(NUMBERS) + self.runs.index(run)))
        return self._file.read(self.count)

    def states_of(self, numbers: Sequence[int]) -> list[list[str]]:
        """The state after each run of some cases."""
        places = [bisect_left(self.numbers, number) for number in numbers]
        planes = [self.plane(run) for run in self.runs]
        return [[STATES[plane[place]] for plane in planes] for place in places]

    def failures(self) -> bytes:
        """A byte a query: 1 where some run was wrong."""
        return _among(self.plane(self.runs[-1]), ("open", "repaired", "regressed"))

    def in_state(self, state: str) -> bytes:
        """… where the newest run left it in this state."""
        return _among(self.plane(self.runs[-1]), (state,))

    def changed(self, run: int, change: str) -> bytes:
        """… where the run did this to what the first run, the baseline, had answered."""
        before, after = _wrong(self.plane(self.runs[0])), _wrong(self.plane(run))
        return {
            "repaired": lambda: both(before, flipped(after)),
            "broken": lambda: both(flipped(before), after),
            "still_wrong": lambda: both(before, after),
        }[change]()

    def of_cases(self, numbers: Iterable[int]) -> bytes:
        """… where it is one of these cases."""
        mask = bytearray(self.count)
        for number in numbers:
            place = bisect_left(self.numbers, number)
            if place < self.count and self.numbers[place] == number:
                mask[place] = _YES
        return bytes(mask)

    def cases(self, mask: bytes, after: int = -1) -> Iterator[int]:
        """The case numbers that a mask leaves, rising, those behind `after`."""
        place = mask.find(_YES, bisect_right(self.numbers, after))
        while place >= 0:
            yield self.numbers[place]
            place = mask.find(_YES, place + 1)


def both(one: bytes, other: bytes) -> bytes:
    """1 where both are."""
    return (int.from_bytes(one, "little") & int.from_bytes(other, "little")).to_bytes(len(one), "little")


def flipped(mask: bytes) -> bytes:
    """1 where it is 0."""
    return mask.translate(_FLIP)


def either(one: bytes, other: bytes) -> bytes:
    """1 where one of them is."""
    return flipped(both(flipped(one), flipped(other)))


def _table(codes: Iterable[int]) -> bytes:
    return bytes(_YES if code in set(codes) else _NO for code in range(256))


def _among(plane: bytes, states: Sequence[str]) -> bytes:
    return plane.translate(_table([_CODE[state] for state in states]))


def _wrong(plane: bytes) -> bytes:
    return plane.translate(_table(WRONG))


_FLIP = _table([_NO])
