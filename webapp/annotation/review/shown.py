"""What reviewers see, in words and slides. Asks no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from ml_core.taxonomy import Taxonomy
from webapp.annotation.labelling.answers import SKIP_REASONS, Handed
from webapp.annotation.labelling.presenting import PLACES, PROMPT, picture_name, roles_of
from webapp.annotation.labelling.wording import ACTIONS, WORDS
from webapp.annotation.models import Annotator, Gold, Task
from webapp.annotation.review.own import Compared, Wished
from webapp.annotation.review.queries import Answer, Filters, Past, Standing
from webapp.annotation.review.queueing import ORDERS, PLAN, WHYS, Sought
from webapp.annotation.taxonomies.queries import names_of
from webapp.design.slides import Slide

WHY_NAMES = {
    "disagreement": _("Answers differ"),
    "flag": _("Flagged"),
    "skipped": _("Skipped by somebody"),
    "unsure": _("Unsure consensus"),
}
ORDER_NAMES = {
    "plan": _("As planned"),
    "oldest": _("Longest waiting first"),
    "spread": _("Most disagreement first"),
    "posterior": _("Least sure consensus first"),
}
MARKS = {
    "": _("Every sample"),
    "differ": _("Answers differ"),
    "flagged": _("Flagged"),
    "skipped": _("Skipped by somebody"),
    "decided": _("Decided"),
    "gold": _("Gold"),
    "unusable": _("Unusable"),
}
ACTION_NAMES = {
    "submit": _("Decide and next"),
    "note": _("Reason"),
    **{name: ACTIONS[name] for name in ("previous", "next", "help", "blink", "overlay", "link")},
    **{name: ACTIONS[name] for name in ("zoom_in", "zoom_out", "zoom_reset")},
}
SURE = {1: _("guess"), 2: _("fairly sure"), 3: _("sure")}


@dataclass(frozen=True)
class Spoken:
    """An answer in words. `who` is a name only once the sample is decided."""

    who: str
    name: str
    subtype: str
    colour: str
    colour_dark: str
    skipped: str
    sure: Any
    note: str
    flagged: bool
    seconds: float | None
    first_choice: float | None  # seconds to it
    key: str
    subtype_key: str


@dataclass(frozen=True)
class Decided:
    """A decision in words; no name: it was taken back."""

    name: str
    subtype: str
    reason: str
    by: str
    at: Any


@dataclass(frozen=True)
class Card:
    """A sample in the list."""

    id: int
    idx: str
    group: str
    text: str
    prompt: Slide | None
    right: Slide | None
    given: Slide | None
    answers: tuple[Spoken, ...]
    decision: Decided | None
    gold: str
    state: str
    reason: str


def answers(standing: Standing, document: Taxonomy, language: str, *, lettered: bool = False) -> tuple[Spoken, ...]:
    """The answers in words; with names once the sample is decided, before with `lettered` only the letters."""
    names = names_of(document, language)
    found = []
    for answer in standing.answers:
        who = f"{answer.letter} · {answer.name}" if standing.decision else answer.letter if lettered else ""
        found.append(_spoken(answer, document, names, who))
    return tuple(found)


def _spoken(answer: Answer, document: Taxonomy, names: Mapping[str, str], who: str) -> Spoken:
    category = next((entry for entry in document.categories if entry.key == answer.category), None)
    return Spoken(
        who=who,
        name=names.get(answer.category, answer.category),
        subtype=names.get(answer.subtype, answer.subtype),
        colour=category.colour if category else "",
        colour_dark=category.colour_dark if category else "",
        skipped=str(SKIP_REASONS.get(answer.skip_reason, answer.skip_reason)),
        sure=SURE.get(answer.confidence or 0, ""),
        note=answer.note,
        flagged=answer.flagged,
        seconds=_seconds(answer.spent_ms),
        first_choice=_seconds(answer.first_choice_ms),
        key=answer.category,
        subtype_key=answer.subtype,
    )


def _seconds(milliseconds: int | None) -> float | None:
    return milliseconds / 1000 if milliseconds is not None else None


def consensus(found: Mapping[str, Any] | None, document: Taxonomy, language: str) -> dict[str, Any] | None:
    """What majority and model make of a sample, in words: all that lead where they tie."""
    if found is None:
        return None
    names = names_of(document, language)
    leading = found["tie"] or [found["majority"]]
    return {
        "majority": " = ".join(names.get(key, key) for key in leading),
        "model": names.get(found["dawid_skene"], found["dawid_skene"]),
        "percent": 100 * found["posterior"],
    }


def past(entry: Past | None, document: Taxonomy, language: str) -> Decided | None:
    """A decision in words."""
    if entry is None:
        return None
    names = names_of(document, language)
    return Decided(
        names.get(entry.category, entry.category),
        names.get(entry.subtype, entry.subtype),
        entry.reason,
        entry.by,
        entry.at,
    )


def name(gold: Gold, document: Taxonomy, language: str) -> str:
    """A planted truth in words."""
    return _both(gold.category, gold.subtype, names_of(document, language))


def choices(document: Taxonomy, language: str) -> list[dict[str, Any]]:
    """The categories with their keys and subtypes."""
    return [
        {
            "key": entry.key,
            "name": entry.say(language).name,
            "use_when": entry.say(language).use_when,
            "hotkey": entry.hotkey,
            "colour": entry.colour,
            "colour_dark": entry.colour_dark,
            "subtypes": [
                {"key": sub.key, "name": sub.say(language).name, "hotkey": sub.hotkey, "of": entry.key}
                for sub in entry.subtypes
            ],
        }
        for entry in document.categories
    ]


def category_names(document: Taxonomy, language: str) -> dict[str, str]:
    """The categories by key."""
    return {entry.key: entry.say(language).name for entry in document.categories}


def groups(letters: Iterable[str]) -> list[tuple[str, Any]]:
    """The groups of a campaign as a select offers them."""
    own = [(letter, letter) for letter in letters]
    return [("", _("Every group")), ("overlap", _("Overlap")), *own, ("pool", _("Pool"))]


def card(standing: Standing, document: Taxonomy, language: str, pictures: str) -> Card:
    """A sample in the list; who said what in letters, in names once it is decided."""
    task = standing.task
    return Card(
        id=task.pk,
        idx=task.idx,
        group=task.group,
        text=str(task.prompt.get("text", "")),
        prompt=_asked_slide(task, pictures),
        right=_slide(task, "right", task.right, WORDS["right"], pictures),
        given=_slide(task, "given", task.given, WORDS["given"], pictures, tone="near"),
        answers=answers(standing, document, language, lettered=True),
        decision=past(standing.decision, document, language),
        gold=name(standing.gold, document, language) if standing.gold else "",
        state=task.state,
        reason=str(SKIP_REASONS.get(task.unusable_reason, task.unusable_reason)),
    )


@dataclass(frozen=True)
class OwnCard:
    """A sample that somebody answered: what they said, what is true as far as it is known, and by what."""

    idx: str
    url: str
    text: str
    slides: tuple[Slide, ...]
    said: str
    right: bool
    truth: str
    by: Any
    explanation: str


BY = {
    "gold": _("planted as gold"),
    "decision": _("decided by a reviewer"),
    "consensus": _("consensus of all who answered"),
}


def own_card(
    row: Compared, annotator: Annotator, document: Taxonomy, language: str, here: str, size: str = "view"
) -> OwnCard:
    """A sample for the annotator who answered it, pictures as their labelling page has them. `here`: that page."""
    names = names_of(document, language)
    task, truth = row.task, row.truth
    by = ""
    if truth is not None:
        sure = f" ({100 * truth.posterior:.0f} %)" if truth.posterior is not None else ""
        by = f"{BY[truth.by]}{sure}"
    contents = {"right": task.right, "given": task.given}
    sides = [
        _own_slide(contents[role], str(WORDS[role]), picture_name(annotator, task.task_id, place), here, size)
        for place, role in zip(PLACES, roles_of(annotator, task), strict=False)
    ]
    asked = picture_name(annotator, task.task_id, PROMPT)
    prompt = [] if task.prompt["kind"] == "text" else [_own_slide(task.prompt, _asked_of(task), asked, here, size)]
    return OwnCard(
        idx=row.idx,
        url=f"{here}feedback/{task.task_id}/",
        text=str(task.prompt.get("text", "")),
        slides=(*prompt, *sides),
        said=_both(row.category, row.subtype, names),
        right=row.right,
        truth=_both(truth.category, truth.subtype, names) if truth else "",
        by=by,
        explanation=truth.explanation if truth else "",
    )


def _both(category: str, subtype: str, names: Mapping[str, str]) -> str:
    words = names.get(category, category)
    return f"{words} / {names.get(subtype, subtype)}" if subtype else words


def _asked_slide(task: Task, pictures: str) -> Slide | None:
    return None if task.prompt["kind"] == "text" else _slide(task, "prompt", task.prompt, _asked_of(task), pictures)


def _asked_of(task: Task | Handed) -> str:
    """What the prompt is called: of a class nothing was asked but the picture itself."""
    classes = any(content and content.get("class") for content in (task.right, task.given))
    return str(WORDS["asked_of_class"] if classes else WORDS["asked"])


def _own_slide(content: dict[str, Any] | None, label: str, name: str, here: str, size: str) -> Slide:
    if content is None or content["kind"] == "text":
        return Slide(label, text=content["text"] if content else "")
    source = f"{here}pictures/{name}/"
    return Slide(label, src=f"{source}{size}/", large=f"{source}zoom/", alt=label, width=content.get("width"),
                 height=content.get("height"))  # fmt: skip


def _slide(
    task: Task, side: str, content: dict[str, Any] | None, label: Any, pictures: str, tone: str = ""
) -> Slide | None:
    if content is None:
        return None
    if content["kind"] == "text":
        return Slide(str(WORDS[f"{side}_class"] if content.get("class") else label), text=content["text"], tone=tone)
    source = f"{pictures}{task.pk}/{side}/"
    return Slide(
        str(label),
        src=f"{source}view/",
        large=f"{source}zoom/",
        alt=str(label),
        number=str(content.get("name", "")),
        tone=tone,
        width=content.get("width"),
        height=content.get("height"),
    )


def for_script(task: Task, document: Taxonomy, language: str, pictures: str) -> dict[str, Any]:
    """What the page's script gets: the sample as the light table shows it, the keys and the words."""
    sides = [("right", task.right), ("given", task.given)]
    there = [(role, content) for role, content in sides if content is not None]
    return {
        "urls": {"pictures": pictures},
        "words": {key: str(text) for key, text in WORDS.items()},
        "categories": choices(document, language),
        "actions": {name: str(text) for name, text in ACTION_NAMES.items()},
        "task": {
            "id": task.pk,
            "prompt": _content(task, "prompt", task.prompt),
            "sides": [_content(task, role, content) for role, content in there],
            "roles": [role for role, _content_ in there],
        },
    }


def _content(task: Task, role: str, content: dict[str, Any]) -> dict[str, Any]:
    if content["kind"] == "text":
        return {"kind": "text", "text": content["text"], "class": bool(content.get("class"))}
    return {
        "kind": content["kind"],
        "picture": f"{task.pk}/{role}",
        "width": content["width"],
        "height": content["height"],
    }


def said(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    """How often each category was named, without who."""
    return " · ".join(f"{names.get(key, key)}\u00a0{count}" for key, count in counts.items())


def read_sought(values: Mapping[str, str]) -> Sought:
    """What of the queue an address means; what makes no sense there is left out."""

    def text(name: str, known: Iterable[str] | None = None) -> str:
        found = values.get(name, "").replace("\0", "")[:40]
        return found if known is None or found in known else ""

    return Sought(text("why", WHYS), text("group"), text("category"), text("order", ORDERS) or PLAN)


def read_wished(values: Mapping[str, str]) -> Wished:
    """Which of somebody's own samples an address means."""
    said, truth = (values.get(name, "").replace("\0", "")[:40] for name in ("said", "truth"))
    after = values.get("after", "")
    place = int(after) if after.isascii() and after.isdigit() and len(after) < 10 else -1
    return Wished(values.get("every", "") == "1", said, truth, place)


def read_filters(values: Mapping[str, str]) -> Filters:
    """Filters out of an address; what makes no sense there is left out."""

    def text(name: str) -> str:
        return values.get(name, "").replace("\0", "")[:40]

    after = values.get("after", "")
    mark = text("mark")
    return Filters(
        group=text("group"),
        category=text("category"),
        a=text("a"),
        x=text("x"),
        b=text("b"),
        y=text("y"),
        truth=text("truth"),
        mark=mark if mark in MARKS else "",
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 10 else -1,
    )
