"""What an annotator says, what becomes of it, and a task as it is given out: plain values without a database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webapp.annotation.labelling.taxonomy import Choices

SKIP_REASONS = {
    "broken": gettext_lazy("A picture is broken or missing"),
    "offensive": gettext_lazy("Offensive or private"),
    "unclear": gettext_lazy("I cannot tell"),
    "language": gettext_lazy("I cannot read the language"),
    "other": gettext_lazy("Something else"),
}
REPLACING = frozenset({"broken", "offensive"})  # the item goes, another takes its place
LONGEST_NOTE = 10_000
_MOST_MS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing said of one task: an answer (category), a skip (reason) or that an earlier one is taken back.

    `key` is made where it is said; `said_at` is that place's clock; milliseconds count from the pictures being seen.
    """

    key: UUID
    task_id: int
    kind: str  # answer, skip, withdraw
    category: str = ""
    subtype: str = ""
    skip_reason: str = ""
    confidence: int | None = None  # 1 guess, 2 fairly sure, 3 sure
    note: str = ""
    flagged: bool = False
    first_choice_ms: int | None = None
    spent_ms: int | None = None
    said_at: datetime | None = None

    def as_recorded(self, number: int) -> dict[str, Any]:
        """As sql.RECORD reads it, at its place among those that are recorded with it."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return said | {"n": number, "key": str(self.key), "said_at": self.said_at and self.said_at.isoformat()}


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an answer: saved, again (was there before), surplus (kept outside the plan), refused (`why`)."""

    key: UUID
    outcome: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Handed:
    """A task as it is given out: its prompt and its candidates, each a picture, a text or a page."""

    task_id: int
    prompt: dict[str, Any]
    right: dict[str, Any] | None
    given: dict[str, Any] | None

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Handed:
        """From (id, prompt, right, given) as PostgreSQL gives JSON: as text."""
        return cls(row[0], *(json.loads(value) if isinstance(value, str) else value for value in row[1:4]))


@dataclass(frozen=True, slots=True)
class Truth:
    """What was planted for a task, so that whoever answers it may learn from it."""

    task_id: int
    category: str
    subtype: str
    explanation: str


def refusal(answer: Answer, choices: Choices) -> str:
    """Why an answer cannot be kept, in words; empty where it can."""
    if answer.kind == "answer":
        problem = _bad_choice(answer, choices)
    elif answer.kind == "skip":
        known = answer.skip_reason in SKIP_REASONS and not answer.category and not answer.subtype
        problem = "" if known else _("A skip needs one of the reasons that there are, and no category.")
    elif answer.kind == "withdraw":
        bare = not (answer.category or answer.subtype or answer.skip_reason)
        problem = "" if bare else _("What is taken back has no category and no reason.")
    else:
        problem = _("An answer is of the kind answer, skip or withdraw.")
    return problem or _bad_rest(answer)


def _bad_choice(answer: Answer, choices: Choices) -> str:
    if answer.skip_reason:
        return _("An answer has no reason for skipping.")
    if answer.category not in choices:
        return _("There is no category “%(category)s” in this campaign.") % {"category": answer.category}
    if answer.subtype and answer.subtype not in choices[answer.category]:
        return _("“%(subtype)s” is no subtype of “%(category)s”.") % {
            "subtype": answer.subtype,
            "category": answer.category,
        }
    return ""


def _bad_rest(answer: Answer) -> str:
    if answer.confidence not in {None, 1, 2, 3}:
        return _("Confidence is 1, 2 or 3.")
    if len(answer.note) > LONGEST_NOTE:
        return _("A note has at most %(most)d characters.") % {"most": LONGEST_NOTE}
    if any(not 0 <= (value or 0) <= _MOST_MS for value in (answer.first_choice_ms, answer.spent_ms)):
        return _("A time in milliseconds is out of range.")
    return ""
