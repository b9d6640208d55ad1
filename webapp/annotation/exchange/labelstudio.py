"""Labels in Label Studio's JSON: tasks with annotations, and the labelling configuration that fits them.

What Label Studio does with such a file (label_studio/tasks/serializers.py, TaskSerializerBulk): an annotation without
`completed_by` becomes that of whoever imports; one with a number or {"email": …} has to be a member's, else the whole
file is refused. Of an annotation it keeps result, was_cancelled, ground_truth, lead_time and completed_by, and a result
as it is: so the annotator's letter travels in the `meta` of the results.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.sax.saxutils import quoteattr

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from ml_core.spec import BadInput
from ml_core.taxonomy import Taxonomy
from webapp.annotation.exchange.entries import Content, Entry, Given, Mistake, Pane, Sample, Sides
from webapp.annotation.exchange.records import MOST_BYTES
from webapp.annotation.exchange.wording import Words, words
from webapp.annotation.labelling.answers import LONGEST_NOTE, SKIP_REASONS

_CATEGORY, _SUBTYPE, _CONFIDENCE, _NOTE, _SKIP = "category", "subtype", "confidence", "note", "skip_reason"
Address = Callable[[Sides, str, Pane], str]  # where the picture of a part of a sample is loaded from


@dataclass(frozen=True)
class Part:
    """A part of a sample: what it is called in the data, its heading, and whether it is shown as a picture.

    Where some samples have a picture there and others a text, the texts are drawn, too.
    """

    name: str
    heading: str
    picture: bool


def parts(kinds: Mapping[str, Collection[str]], blind: bool) -> tuple[Part, Part, Part]:
    """Prompt and the two candidates. A blind campaign's candidates have names that do not tell which is which."""
    drawn = {part: bool(set(kinds.get(part, ())) - {"text"}) for part in ("prompt", "right", "given")}
    prompt = Part("prompt", "", drawn["prompt"])
    if blind:
        either = drawn["right"] or drawn["given"]
        return prompt, Part("one", "One", either), Part("two", "Two", either)
    return prompt, Part("right", "Wanted", drawn["right"]), Part("given", "Retrieved", drawn["given"])


def config(taxonomy: Taxonomy, shown: Iterable[Part]) -> str:
    """The labelling configuration that Label Studio wants for these tasks."""

    def choices(name: str, keys: Iterable[tuple[str, str, str]], required: str) -> str:
        inner = "".join(
            f"    <Choice value={quoteattr(key)} hint={quoteattr(words)}{hot and f' hotkey={quoteattr(hot)}'}/>\n"
            for key, words, hot in keys
        )
        return f'  <Choices name="{name}" toName="prompt" choice="single" required="{required}">\n{inner}  </Choices>\n'

    def part(of: Part) -> str:
        return f'<{"Image" if of.picture else "Text"} name="{of.name}" value="${of.name}"/>'

    prompt, *sides = shown
    top = [(c.key, c.say("en").name, c.hotkey.lower()) for c in taxonomy.categories]
    fine = [(s.key, s.say("en").name, s.hotkey.lower()) for c in taxonomy.categories for s in c.subtypes]
    skips = [(key, _english(words), "") for key, words in SKIP_REASONS.items()]
    panes = "".join(
        f'    <View style="flex:1">\n      <Header value="{side.heading}"/>\n      {part(side)}\n    </View>\n'
        for side in sides
    )
    return (
        f'<View>\n  {part(prompt)}\n  <View style="display:flex">\n{panes}  </View>\n'
        + choices(_CATEGORY, top, "true")
        + (choices(_SUBTYPE, fine, "false") if fine else "")
        + f'  <Rating name="{_CONFIDENCE}" toName="prompt" maxRating="3"/>\n'
        f'  <TextArea name="{_NOTE}" toName="prompt"/>\n'
        '  <Header value="Why skipped (choose, then press Skip)"/>\n' + choices(_SKIP, skips, "false") + "</View>\n"
    )


def _english(words: Any) -> str:
    with override("en"):
        return str(words)


def written(
    samples: Iterable[Sample],
    campaign: str,
    shown: tuple[Part, Part, Part],
    address: Address,
    accounts: Mapping[str, str],
) -> Iterator[bytes]:
    """A JSON array, task by task; tasks that nobody has answered have no annotation.

    `accounts`: letter → the e-mail address or number of a member of Label Studio, who then has said it; annotators
    without one are left to whoever imports the file, and their letter stands in the results' `meta`.
    """
    yield b"["
    separator = b"\n"
    for sample in samples:
        task = _task(sample, campaign, shown, address, accounts)
        yield separator + json.dumps(task, ensure_ascii=False).encode()
        separator = b",\n"
    yield b"\n]\n"


def _task(
    sample: Sample, campaign: str, shown: tuple[Part, Part, Part], address: Address, accounts: Mapping[str, str]
) -> dict[str, Any]:
    sides, first = sample.sides, sample.answers[0]
    panes = (sides.prompt, sides.left, sides.right)
    data = {
        "idx": sides.idx,
        "campaign": campaign,
        **{
            part.name: address(sides, part.name, pane) if part.picture else pane[1]
            for part, pane in zip(shown, panes, strict=True)
        },
        "group": first.group,
        "stratum": first.stratum,
    }
    said = [_annotation(row, accounts.get(row.letter, "")) for row in sample.answers if row.letter]
    return {"data": data, "annotations": said, "predictions": []}


def _annotation(row: Given, account: str) -> dict[str, Any]:
    meta = {
        "annotator": row.letter,
        "flagged": row.flagged,
        "first_choice_ms": row.first_choice_ms,
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
    }
    result = [_result(_CATEGORY, "choices", [row.category], meta)] if row.category else []
    if row.subtype:
        result.append(_result(_SUBTYPE, "choices", [row.subtype], meta))
    if row.confidence:
        result.append(_result(_CONFIDENCE, "rating", row.confidence, meta))
    if row.note:
        result.append(_result(_NOTE, "textarea", [row.note], meta, inside="text"))
    if row.skip_reason:
        result.append(_result(_SKIP, "choices", [row.skip_reason], meta))
    by: dict[str, Any] = {"completed_by": int(account) if account.isdigit() else {"email": account}} if account else {}
    return by | {
        "was_cancelled": bool(row.skip_reason),
        "ground_truth": False,
        "lead_time": row.spent_ms / 1000 if row.spent_ms is not None else None,
        "created_at": meta["answered_at"],
        "meta": meta,
        "result": result,
    }


def _result(name: str, kind: str, value: Any, meta: dict[str, Any], inside: str = "") -> dict[str, Any]:
    return {"from_name": name, "to_name": "prompt", "type": kind, "value": {inside or kind: value}, "meta": meta}


def read(data: bytes) -> Content:
    """The answers of an export. Who said one is the letter in its `meta`, else the account in `completed_by`, which
    somebody has to name the annotator of. BadInput where the file is no list of tasks."""
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
        place = words(gettext_noop("task %(n)d"), n=number)
        try:
            entries += _entries(task, number)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
            said = gettext_noop("This is not laid out as Label Studio does it (%(error)s).")
            mistakes.append(Mistake(place, words(said, error=repr(error)[:200])))
    return Content("labelstudio", tuple(entries), tuple(mistakes))


def _entries(task: dict[str, Any], task_number: int) -> list[Entry]:
    idx = str(task["data"]["idx"])
    annotations = task.get("annotations") or []
    if not annotations:
        return [Entry(words(gettext_noop("task %(n)d"), n=task_number), idx)]
    said = gettext_noop("task %(n)d, annotation %(m)d")
    return [
        _entry(idx, annotation, words(said, n=task_number, m=number))
        for number, annotation in enumerate(annotations, start=1)
    ]


def _entry(idx: str, annotation: dict[str, Any], place: Words) -> Entry:
    results = annotation.get("result") or []
    said = {str(part["from_name"]): part["value"] for part in results}
    metas = (annotation.get("meta"), *(part.get("meta") for part in results))
    meta: dict[str, Any] = next((found for found in metas if found), {})
    lead = annotation.get("lead_time")
    at = meta.get("answered_at") or annotation.get("created_at")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else None
    confidence = int(said[_CONFIDENCE]["rating"]) if _CONFIDENCE in said else None
    if confidence is not None and not 1 <= confidence <= 3:
        raise ValueError(f"rating {confidence} is not 1, 2 or 3")
    skip = _first(said, _SKIP, "choices") or _first(said, _SKIP, "text")
    skip = skip or ("other" if annotation.get("was_cancelled") else "")
    letter, accounts = _who(annotation.get("completed_by"), str(meta.get("annotator") or ""))
    return Entry(
        place,
        idx,
        category="" if skip else _first(said, _CATEGORY, "choices"),
        subtype="" if skip else _first(said, _SUBTYPE, "choices"),
        letter=letter,
        skip_reason=skip,
        confidence=confidence,
        note=_first(said, _NOTE, "text")[:LONGEST_NOTE],
        flagged=bool(meta.get("flagged")),
        first_choice_ms=_whole(meta.get("first_choice_ms")),
        spent_ms=_whole(lead * 1000) if isinstance(lead, int | float) else None,
        said_at=moment if moment and moment.tzinfo else None,
        accounts=accounts,
    )


def _who(by: Any, letter: str) -> tuple[str, tuple[str, ...]]:
    """The annotator's letter where the file says it, and what the account is called that said it."""
    if isinstance(by, dict):
        names = [str(by[name]).lower() for name in ("email", "id") if by.get(name)]
        return letter, tuple(names)
    if isinstance(by, str) and by.isalpha() and len(by) <= 4:
        return letter or by, ()
    return letter, () if by in (None, "") else (str(by).lower(),)


def _first(said: dict[str, Any], name: str, inside: str) -> str:
    values = said.get(name, {}).get(inside) or [""]
    return str(values[0] if isinstance(values, list) else values)


def _whole(value: Any) -> int | None:
    return round(value) if isinstance(value, int | float) and 0 <= value < 2**31 else None
