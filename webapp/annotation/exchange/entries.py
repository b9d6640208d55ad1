"""What a file of labels says, whatever its format: one entry an answer. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Entry:
    """One answer of a file, in the file's own words.

    `place` names it for people (“row 7”). `letter` is the annotator's, empty where the file does not say. `category`
    and `subtype` may be spelled in any way; an empty category without a skip reason is a row nobody filled in.
    """

    place: str
    idx: str
    category: str = ""
    subtype: str = ""
    letter: str = ""
    skip_reason: str = ""
    confidence: int | None = None
    note: str = ""
    flagged: bool = False
    first_choice_ms: int | None = None
    spent_ms: int | None = None
    said_at: datetime | None = None


@dataclass(frozen=True)
class Mistake:
    """Something in a file that is no answer: where, and what is wrong."""

    place: str
    text: str


@dataclass(frozen=True)
class Content:
    """All a file holds."""

    format: str  # sheet, jsonl or labelstudio
    entries: tuple[Entry, ...]
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class Given:
    """One answer that leaves in a file: a task of the campaign and what an annotator said of it."""

    idx: str
    group: str
    stratum: str
    letter: str
    prompt: dict[str, object]
    right: dict[str, object] | None
    given: dict[str, object] | None
    category: str
    subtype: str
    skip_reason: str
    confidence: int | None
    note: str
    flagged: bool
    first_choice_ms: int | None
    spent_ms: int | None
    answered_at: datetime | None
