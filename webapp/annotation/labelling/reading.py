"""What the page sends, read with care: JSON in, plain values out; BadInput where it cannot be understood."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.annotation.labelling.actions import MOST_AT_ONCE
from webapp.annotation.labelling.answers import Answer
from webapp.texts import is_kept

MOST_EVENTS = 500
_LARGEST = 2**63 - 1
_FIRST, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # times that every clock zone has
_ACTION = re.compile(r"[a-z][a-z0-9_:-]{0,89}")
_CODE = re.compile(r"[A-Z][A-Za-z0-9]{0,23}")


def body_of(data: bytes) -> dict[str, Any]:
    """A JSON object."""
    try:
        body = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        raise BadInput(_("This is no JSON.")) from None
    if not isinstance(body, dict):
        raise BadInput(_("A JSON object is expected."))
    return body


def events_of(body: dict[str, Any]) -> list[Answer]:
    """The answers in a body, in their order."""
    given = body.get("events", [])
    if not isinstance(given, list) or len(given) > MOST_EVENTS:
        raise BadInput(_("`events` is a list of at most %(most)d answers.") % {"most": MOST_EVENTS}, field="events")
    return [_event(entry, number) for number, entry in enumerate(given)]


def _event(entry: Any, number: int) -> Answer:
    if not isinstance(entry, dict):
        raise BadInput(_("An answer is a JSON object."), field=f"events.{number}")
    try:
        return Answer(
            key=UUID(str(entry["key"])),
            task_id=whole(entry["task"]),
            kind=str(entry["kind"])[:20],
            category=text(entry.get("category"))[:80],
            subtype=text(entry.get("subtype"))[:80],
            skip_reason=text(entry.get("skip_reason"))[:80],
            confidence=_optional(entry.get("confidence")),
            note=text(entry.get("note")),
            flagged=entry.get("flagged") is True,
            first_choice_ms=_optional(entry.get("first_choice_ms")),
            spent_ms=_optional(entry.get("spent_ms")),
            said_at=moment(entry.get("said_at")),
        )
    except (KeyError, TypeError, ValueError):
        raise BadInput(
            _("Answer %(n)d lacks a key, a task or a kind.") % {"n": number + 1}, field=f"events.{number}"
        ) from None


def have_of(values: Any) -> set[int]:
    """The tasks that the page holds already."""
    if not isinstance(values, list):
        return set()
    return {value for value in values[: 4 * MOST_AT_ONCE] if type(value) is int and 0 < value <= _LARGEST}


def seen_of(value: Any) -> int | None:
    """The reminder that the page has shown, where it says so."""
    return value if type(value) is int and 0 < value <= _LARGEST else None


def wanted_of(value: Any) -> int:
    """How many tasks the page wants, in bounds."""
    return max(0, min(value, MOST_AT_ONCE)) if type(value) is int else 0


def whole(value: Any) -> int:
    """A number that may be an id. ValueError otherwise."""
    if type(value) is not int or not 0 < value <= _LARGEST:
        raise ValueError(value)
    return value


def text(value: Any) -> str:
    """Text that the database can keep: signs that it cannot keep are left out, the rest stays."""
    if not isinstance(value, str):
        return ""
    return value if is_kept(value) else "".join(sign for sign in value if is_kept(sign))


def moment(value: Any) -> datetime | None:
    """A time with its zone, of a year that the database can give back in every zone, or None."""
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and _FIRST <= found < _END else None


def _optional(value: Any) -> int | None:
    return value if type(value) is int else None


def keys_of(value: Any) -> dict[str, str]:
    """A keyboard: action → `event.code`, no key twice. BadInput with the reason."""
    if not isinstance(value, dict) or len(value) > 80:
        raise BadInput(_("`keys` names a key for each action."), field="keys")
    if not all(isinstance(code, str) and _ACTION.fullmatch(str(action)) for action, code in value.items()):
        raise BadInput(_("`keys` names a key for each action."), field="keys")
    if not all(code == "" or _CODE.fullmatch(code) for code in value.values()):
        raise BadInput(_("This is not the name of a key."), field="keys")
    bound = [code for code in value.values() if code]
    if len(set(bound)) != len(bound):
        raise BadInput(_("One key stands for two actions."), field="keys")
    return dict(value)
