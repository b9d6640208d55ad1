"""Which answers of a file can be kept: rows with text or times that the database cannot hold become mistakes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime

from django.utils.translation import gettext_noop

from webapp.annotation.exchange.entries import Content, Entry, Mistake
from webapp.annotation.exchange.wording import words
from webapp.texts import is_kept


def kept(content: Content) -> Content:
    """The same file; what cannot be kept is named with its place, and a time beyond all calendars is left out."""
    entries: list[Entry] = []
    mistakes = [*content.mistakes]
    for entry in content.entries:
        if name := next(_unkept(entry), ""):
            said = gettext_noop("%(name)s holds a zero byte or half a character, which cannot be kept. Take it out.")
            mistakes.append(Mistake(entry.place, words(said, name=name)))
        else:
            entries.append(dataclasses.replace(entry, said_at=_in_time(entry.said_at)))
    return dataclasses.replace(content, entries=tuple(entries), mistakes=tuple(mistakes))


def _unkept(entry: Entry) -> Iterator[str]:
    for name in ("idx", "letter", "category", "subtype", "skip_reason", "note"):
        if not is_kept(getattr(entry, name)):
            yield "annotator" if name == "letter" else name
    if not all(map(is_kept, entry.accounts)):
        yield "completed_by"


def _in_time(moment: datetime | None) -> datetime | None:
    """The moment by the clocks of Greenwich; None where these do not go so far."""
    try:
        return moment and moment.astimezone(UTC)
    except OverflowError:
        return None
