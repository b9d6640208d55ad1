"""What a file of labels says, whatever its format: one entry an answer. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.annotation.exchange.wording import Words


@dataclass(frozen=True)
class Entry:
    """One answer of a file, in the file's own words.

    `place` names it for people (“row 7”). `letter` is the annotator's, empty where the file does not say; `accounts`
    are the names of the other tool's account that said it (“11”, an e-mail address). `category` and `subtype` may be
    spelled in any way; an empty category without a skip reason is a row nobody filled in.
    """

    place: Words
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
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mistake:
    """Something in a file that is no answer: where, and what is wrong."""

    place: Words
    text: Words


@dataclass(frozen=True)
class Content:
    """All a file holds."""

    format: str  # sheet, jsonl or labelstudio
    entries: tuple[Entry, ...]
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class Given:
    """One answer that leaves in a file: a task of the campaign and what an annotator said of it.

    Without a letter it is a task that nobody has answered yet.
    """

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


Pane = tuple[str, str]  # ("picture", key in the store) or ("text", words)


@dataclass(frozen=True)
class Sides:
    """A sample as it is shown, panes as store keys of pictures or as texts.

    `left` is what was wanted and `right` what the model gave, save in a blind campaign, where half are turned.
    """

    idx: str
    group: str
    position: int
    caption: str
    prompt: Pane
    left: Pane
    right: Pane


@dataclass(frozen=True)
class Sample:
    """A task as it leaves in a file: what it shows, and its answers (one without a letter where there is none)."""

    sides: Sides
    answers: tuple[Given, ...]
