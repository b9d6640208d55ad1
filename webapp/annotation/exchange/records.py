"""Labels as JSON lines: one answer a line, everything that is known of it, out and in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ml_core.spec import BadInput
from webapp.annotation.exchange.entries import Content, Entry, Given, Mistake
from webapp.annotation.exchange.wording import Words, words
from webapp.annotation.labelling.answers import LONGEST_NOTE

MOST_BYTES = 100 * 2**20


class Record(BaseModel):
    """A line of the file. What describes the task is written for readers and not looked at when it comes back."""

    model_config = ConfigDict(extra="ignore", strict=True)

    idx: str = Field(min_length=1, max_length=120)
    annotator: str = Field("", max_length=4)
    category: str = Field("", max_length=120)
    subtype: str = Field("", max_length=120)
    skip_reason: str = Field("", max_length=40)
    confidence: int | None = Field(None, ge=1, le=3)
    note: str = Field("", max_length=LONGEST_NOTE)
    flagged: bool = False
    first_choice_ms: int | None = Field(None, ge=0, lt=2**31)
    spent_ms: int | None = Field(None, ge=0, lt=2**31)
    answered_at: datetime | None = Field(None, strict=False)


def written(rows: Iterable[Given]) -> Iterator[bytes]:
    """One line an answer; a task that nobody has answered is a line without an annotator."""
    for row in rows:
        record = {
            "idx": row.idx,
            "annotator": row.letter,
            "category": row.category,
            "subtype": row.subtype,
            "skip_reason": row.skip_reason,
            "confidence": row.confidence,
            "note": row.note,
            "flagged": row.flagged,
            "first_choice_ms": row.first_choice_ms,
            "spent_ms": row.spent_ms,
            "answered_at": row.answered_at.isoformat() if row.answered_at else None,
            "group": row.group,
            "stratum": row.stratum,
            "prompt": row.prompt,
            "right": row.right,
            "given": row.given,
        }
        yield json.dumps(record, ensure_ascii=False).encode() + b"\n"


def read(data: bytes) -> Content:
    """The answers of such a file; a line that does not fit is a mistake and the rest is kept."""
    if len(data) > MOST_BYTES:
        raise BadInput(_("The file is larger than %(n)d MB.") % {"n": MOST_BYTES // 2**20})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(_("The file is not UTF-8 (byte %(n)s).") % {"n": f"{error.start:,}"}) from error
    entries, mistakes = [], []
    # Not splitlines: JSON holds U+2028 and U+0085 as they are, inside a note, and only a line feed ends a line.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        place = words(gettext_noop("line %(n)d"), n=number)
        try:
            record = Record.model_validate(json.loads(line))
        except (ValueError, RecursionError) as error:  # pydantic's and json's both are ValueErrors
            mistakes.append(Mistake(place, _said(error)))
        else:
            entries.append(entry_of(record, place))
    return Content("jsonl", tuple(entries), tuple(mistakes))


def entry_of(record: Record, place: Words) -> Entry:
    """A record as every format has it."""
    values: dict[str, Any] = record.model_dump()
    letter, said_at = values.pop("annotator"), values.pop("answered_at")
    return Entry(place=place, letter=letter, said_at=said_at if said_at and said_at.tzinfo else None, **values)


def _said(error: Exception) -> Words:
    if not isinstance(error, ValidationError):
        where = getattr(error, "colno", 0)
        return words(gettext_noop("This is no JSON (from character %(n)d of the line)."), n=where)
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    if not name:
        return words(gettext_noop("The line is no JSON object."))
    if first["type"] == "missing":
        return words(gettext_noop("%(name)s is missing."), name=name)
    return words(gettext_noop("%(name)s cannot be %(given)s."), name=name, given=repr(first.get("input"))[:40])
