"""Where two trees of plain values differ, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ABSENT = "absent"
_BEYOND = 1e300  # what is further apart than a float tells; JSON knows no infinity


@dataclass(frozen=True)
class Difference:
    """A place (JSON Pointer, RFC 6901), what is stated there, what was recomputed, and by how much numbers differ."""

    path: str
    stated: Any
    recomputed: Any
    difference: float | None = None


@dataclass(frozen=True)
class Compared:
    """How many numbers both trees have, every difference, and the largest one among numbers."""

    numbers: int
    differences: tuple[Difference, ...]
    largest: float


def compare(stated: Any, recomputed: Any, tolerance: float) -> Compared:
    """Whole numbers, texts and truths must be equal; others within `tolerance`, relative where they exceed 1."""
    numbers, largest, found = 0, 0.0, []
    for path, one, other in _leaves(stated, recomputed, ""):
        if _number(one) and _number(other):
            numbers += 1
            difference, allowed = _apart(one, other, tolerance)
            largest = max(largest, difference)
            if difference > allowed:
                found.append(Difference(path, one, other, difference))
        elif type(one) is not type(other) or one != other:
            found.append(Difference(path, _short(one), _short(other)))
    return Compared(numbers, tuple(found), largest)


def _apart(one: float, other: float, tolerance: float) -> tuple[float, float]:
    """By how much two numbers differ, and by how much they may."""
    try:
        difference = float(abs(one - other))
        exact = isinstance(one, int) and isinstance(other, int)
        return min(difference, _BEYOND), 0.0 if exact else tolerance * max(1.0, abs(one), abs(other))
    except OverflowError:
        return _BEYOND, 0.0


def _short(value: Any) -> Any:
    """A value as it is; of a branch that the other tree does not have, what it is."""
    if isinstance(value, dict):
        return f"an object of {len(value):,}"
    return f"a list of {len(value):,}" if isinstance(value, list) else value


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _leaves(one: Any, other: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every place that either tree has, with both values there; a missing branch is one place."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from _leaves(one.get(key, ABSENT), other.get(key, ABSENT), f"{path}/{_escaped(key)}")
    elif isinstance(one, list) and isinstance(other, list):
        for place in range(max(len(one), len(other))):
            left = one[place] if place < len(one) else ABSENT
            yield from _leaves(left, other[place] if place < len(other) else ABSENT, f"{path}/{place}")
    else:
        yield path or "/", one, other


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
