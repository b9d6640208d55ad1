"""Which text PostgreSQL keeps: none with a zero byte or half a character, which JSON and addresses can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNKEPT = "Text with a zero byte or half a character cannot be kept. Take it out and send it again."


def is_kept(text: str) -> bool:
    """Whether PostgreSQL takes it."""
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def unkept_in(value: Any, place: str = "") -> Iterator[str]:
    """Where in plain JSON values (names included) text stands that cannot be kept: `spec.words.0`."""
    if isinstance(value, str):
        if not is_kept(value):
            yield place
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            at = f"{place}.{name}".strip(".")
            if is_kept(str(name)):
                yield from unkept_in(inner, at)
            else:
                yield place
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from unkept_in(inner, f"{place}.{number}".strip("."))
