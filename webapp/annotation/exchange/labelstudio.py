"""Labels in Label Studio's JSON: tasks with annotations, and the labelling configuration that fits them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from xml.sax.saxutils import quoteattr

from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from ml_core.taxonomy import Taxonomy
from webapp.annotation.exchange.entries import Content, Entry, Given, Mistake
from webapp.annotation.exchange.records import MOST_BYTES

_CATEGORY, _SUBTYPE, _CONFIDENCE, _NOTE, _SKIP = "category", "subtype", "confidence", "note", "skip_reason"


def config(taxonomy: Taxonomy) -> str:
    """The labelling configuration that Label Studio wants for these tasks."""

    def choices(name: str, keys: Iterable[tuple[str, str, str]], required: str) -> str:
        inner = "".join(
            f"    <Choice value={quoteattr(key)} hint={quoteattr(words)} hotkey={quoteattr(hot)}/>\n"
            for key, words, hot in keys
        )
        return f'  <Choices name="{name}" toName="prompt" choice="single" required="{required}">\n{inner}  </Choices>\n'

    top = [(c.key, c.say("en").name, c.hotkey.lower()) for c in taxonomy.categories]
    fine = [(s.key, s.say("en").name, s.hotkey.lower()) for c in taxonomy.categories for s in c.subtypes]
    return (
        '<View>\n  <Header value="$prompt"/>\n  <Text name="prompt" value="$prompt"/>\n'
        '  <View style="display:flex">\n    <Image name="right" value="$right"/>\n'
        '    <Image name="given" value="$given"/>\n  </View>\n'
        + choices(_CATEGORY, top, "true")
        + (choices(_SUBTYPE, fine, "false") if fine else "")
        + f'  <Rating name="{_CONFIDENCE}" toName="prompt" maxRating="3"/>\n'
        f'  <TextArea name="{_NOTE}" toName="prompt"/>\n</View>\n'
    )


def written(rows: Iterable[Given], campaign: str) -> Iterator[bytes]:
    """A JSON array, task by task; `rows` come with the answers of one task side by side."""
    yield b"["
    separator = b""
    for idx, answers in groupby(rows, key=lambda row: row.idx):
        yield separator + json.dumps(_task(idx, list(answers), campaign), ensure_ascii=False).encode()
        separator = b",\n"
    yield b"]\n"


def _task(idx: str, answers: list[Given], campaign: str) -> dict[str, Any]:
    first = answers[0]
    data = {
        "idx": idx,
        "campaign": campaign,
        "prompt": _shown(first.prompt),
        "right": _shown(first.right),
        "given": _shown(first.given),
        "group": first.group,
        "stratum": first.stratum,
    }
    return {"data": data, "annotations": [_annotation(row) for row in answers if row.answered_at], "predictions": []}


def _shown(content: dict[str, object] | None) -> str:
    """A text as it is, a picture by its name: pictures travel in the zip for spreadsheets."""
    if not content:
        return ""
    return str(content.get("text") or content.get("name") or content.get("number") or "")


def _annotation(row: Given) -> dict[str, Any]:
    result = [_choice(_CATEGORY, row.category)] if row.category else []
    if row.subtype:
        result.append(_choice(_SUBTYPE, row.subtype))
    if row.confidence:
        result.append(_result(_CONFIDENCE, "rating", {"rating": row.confidence}))
    if row.note:
        result.append(_result(_NOTE, "textarea", {"text": [row.note]}))
    if row.skip_reason:
        result.append(_result(_SKIP, "textarea", {"text": [row.skip_reason]}))
    return {
        "completed_by": row.letter,
        "was_cancelled": bool(row.skip_reason),
        "ground_truth": False,
        "lead_time": row.spent_ms / 1000 if row.spent_ms is not None else None,
        "created_at": row.answered_at.isoformat() if row.answered_at else None,
        "meta": {"first_choice_ms": row.first_choice_ms, "flagged": row.flagged},
        "result": result,
    }


def _choice(name: str, key: str) -> dict[str, Any]:
    return _result(name, "choices", {"choices": [key]})


def _result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "prompt", "type": kind, "value": value}


def read(data: bytes) -> Content:
    """The answers of an export. `completed_by` is the annotator's letter, or an account of Label Studio's own: then the
    file is read as one person's. BadInput where the file is no list of tasks."""
    if len(data) > MOST_BYTES:
        raise BadInput(_("The file is larger than %(n)d MB.") % {"n": MOST_BYTES // 2**20})
    try:
        tasks = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BadInput(_("The file is no JSON: %(error)s.") % {"error": error}) from error
    if not isinstance(tasks, list):
        raise BadInput(_("Label Studio exports a list of tasks; this file holds something else."))
    entries: list[Entry] = []
    mistakes: list[Mistake] = []
    for number, task in enumerate(tasks, start=1):
        place = f"task {number}"
        try:
            entries += _entries(task, place)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            said = _("This is not laid out as Label Studio does it (%(error)r).") % {"error": error}
            mistakes.append(Mistake(place, said[:300]))
    return Content("labelstudio", tuple(entries), tuple(mistakes))


def _entries(task: dict[str, Any], place: str) -> list[Entry]:
    idx = str(task["data"]["idx"])
    return [
        _entry(idx, annotation, f"{place}, annotation {number}")
        for number, annotation in enumerate(task.get("annotations") or [], start=1)
    ]


def _entry(idx: str, annotation: dict[str, Any], place: str) -> Entry:
    said = {str(part["from_name"]): part["value"] for part in annotation.get("result") or []}
    meta = annotation.get("meta") or {}
    by, lead = annotation.get("completed_by"), annotation.get("lead_time")
    at = annotation.get("created_at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else None
    confidence = int(said[_CONFIDENCE]["rating"]) if _CONFIDENCE in said else None
    if confidence is not None and not 1 <= confidence <= 3:
        raise ValueError(f"rating {confidence} is not 1, 2 or 3")
    skip = _first(said, _SKIP, "text") or ("other" if annotation.get("was_cancelled") else "")
    return Entry(
        place,
        idx,
        category="" if skip else _first(said, _CATEGORY, "choices"),
        subtype="" if skip else _first(said, _SUBTYPE, "choices"),
        letter=by if isinstance(by, str) and len(by) <= 4 else "",
        skip_reason=skip,
        confidence=confidence,
        note=_first(said, _NOTE, "text")[:4000],
        flagged=bool(meta.get("flagged")),
        first_choice_ms=_whole(meta.get("first_choice_ms")),
        spent_ms=_whole(lead * 1000) if isinstance(lead, int | float) else None,
        said_at=moment if moment and moment.tzinfo else None,
    )


def _first(said: dict[str, Any], name: str, inside: str) -> str:
    values = said.get(name, {}).get(inside) or [""]
    return str(values[0] if isinstance(values, list) else values)


def _whole(value: Any) -> int | None:
    return round(value) if isinstance(value, int | float) and 0 <= value < 2**31 else None
