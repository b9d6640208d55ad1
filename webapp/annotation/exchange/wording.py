"""A sentence that is kept before anybody reads it: its English and its values, said in the reader's language."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext


class Words(NamedTuple):
    """A text of the catalogue and what stands in it; a value may be Words itself."""

    text: str
    values: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        if not self.text:
            return ""
        said = gettext(self.text)
        return said % {name: str(v) if isinstance(v, Words) else v for name, v in self.values} if self.values else said

    def plain(self) -> list[Any]:
        """As JSON holds it."""
        return [self.text, {name: v.plain() if isinstance(v, Words) else v for name, v in self.values}]


NOTHING = Words("")


def words(text: str, **values: Any) -> Words:
    """A text marked by gettext_noop with its values."""
    return Words(text, tuple(values.items()))


def from_plain(kept: Any) -> Words:
    """What `plain` made, as Words again."""
    text, values = kept
    return Words(text, tuple((name, from_plain(v) if isinstance(v, list) else v) for name, v in values.items()))
