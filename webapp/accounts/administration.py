"""The list of administrators' pages: other apps register theirs in `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext


@dataclass(frozen=True)
class Entry:
    """A page for administrators, by the name of its address (`experiments:models`); its words by gettext_noop."""

    title: str
    text: str
    url_name: str
    order: int = 50


_entries: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Add a page; the same address again replaces it."""
    _entries[entry.url_name] = entry


def entries() -> list[Entry]:
    """All pages in order, in the reader's language."""
    found = sorted(_entries.values(), key=lambda entry: (entry.order, entry.title))
    return [replace(entry, title=gettext(entry.title), text=gettext(entry.text)) for entry in found]
