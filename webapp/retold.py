"""Texts that a worker wrote in English, told in the reader's language: known again by their sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from django.utils.translation import gettext

_PLACE = re.compile(r"%\((\w+)\)s")


def retold(text: str, sentences: Sequence[str]) -> str:
    """The text in the language of now, where it is one of `sentences` (with places like `%(n)s`); else as it is."""
    for sentence in sentences:
        if match := _pattern(sentence).fullmatch(text):
            return gettext(sentence) % match.groupdict()
    return text


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    parts = _PLACE.split(sentence)
    return re.compile(
        "".join(f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)), re.DOTALL
    )
