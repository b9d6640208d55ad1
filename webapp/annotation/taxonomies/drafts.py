"""A taxonomy while somebody edits it: what stood in the boxes, moved, added to and taken from, then checked as a whole.

A draft is plain lists and strings, so that nothing typed is lost however wrong it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import ValidationError

from ml_core.taxonomy import LANGUAGES
from ml_core.taxonomy import Taxonomy as Document
from webapp.annotation.taxonomies.colours import DARK, LIGHT, unreadable

WORDS = ("name", "long_name", "use_when", "not_when")
MOST = 24  # categories, and subtypes of one
LONGEST_GUIDE = 20_000
MOST_EXAMPLES = 100


def _no_words() -> dict[str, dict[str, str]]:
    return {code: dict.fromkeys(WORDS, "") for code in LANGUAGES}


@dataclass
class Choice:
    """A category or a subtype as it stands in its boxes; `at` names it in the form: "0", "0-1"."""

    key: str = ""
    hotkey: str = ""
    colour: str = ""
    colour_dark: str = ""
    words: dict[str, dict[str, str]] = field(default_factory=_no_words)
    subtypes: list[Choice] = field(default_factory=list)
    at: str = ""


@dataclass
class Draft:
    """A taxonomy in the making."""

    categories: list[Choice]
    rules: dict[str, str]  # a rule a line
    guide: dict[str, str]
    examples: list[dict[str, Any]]
    note: str = ""

    def numbered(self) -> Draft:
        """The same with `at` set."""
        for place, category in enumerate(self.categories):
            category.at = str(place)
            for inner, subtype in enumerate(category.subtypes):
                subtype.at = f"{place}-{inner}"
        return self


def draft_of(document: Document, guide: Mapping[str, str], examples: list[dict[str, Any]]) -> Draft:
    """A draft that says what a version says."""
    return Draft(
        [_choice(category) for category in document.categories],
        {code: "\n".join(document.rules.get(code, ())) for code in LANGUAGES},
        {code: guide.get(code, "") for code in LANGUAGES},
        [dict(entry) for entry in examples],
    ).numbered()


def _choice(choice: Any) -> Choice:
    words = _no_words()
    for code, said in choice.words.items():
        words[code] = {name: getattr(said, name) for name in WORDS}
    return Choice(
        choice.key, choice.hotkey, getattr(choice, "colour", ""), getattr(choice, "colour_dark", ""), words,
        [_choice(subtype) for subtype in getattr(choice, "subtypes", ())],
    )  # fmt: skip


def read(values: Mapping[str, str]) -> Draft:
    """The draft that a form sends, with what its buttons ask for done: `do` is add, add-N, up-AT, down-AT, drop-AT."""
    categories = _read(values, "", values.get("count", "0"), 0)
    examples = _read_examples(values)
    draft = Draft(
        categories,
        {code: values.get(f"rules-{code}", "") for code in LANGUAGES},
        {code: values.get(f"guide-{code}", "")[:LONGEST_GUIDE] for code in LANGUAGES},
        examples,
        values.get("note", "").strip()[:300],
    )
    _do(draft, values.get("do", ""))
    return draft.numbered()


def _read(values: Mapping[str, str], above: str, count: str, depth: int) -> list[Choice]:
    found = []
    for place in range(min(int(count) if count.isascii() and count.isdigit() else 0, MOST)):
        at = f"{above}{place}"

        def take(name: str, at: str = at) -> str:
            return values.get(f"{at}-{name}", "").strip()

        words = {code: {name: take(f"{code}-{name}") for name in WORDS} for code in LANGUAGES}
        inner = _read(values, f"{at}-", values.get(f"{at}-count", "0"), 1) if depth == 0 else []
        colours = take("colour").lower(), take("colour_dark").lower()
        found.append(Choice(take("key"), take("hotkey").upper(), *colours, words, inner))
    return found


def _read_examples(values: Mapping[str, str]) -> list[dict[str, Any]]:
    count = values.get("examples", "0")
    found = []
    for place in range(min(int(count) if count.isascii() and count.isdigit() else 0, MOST_EXAMPLES)):
        picture = values.get(f"example-{place}-picture", "")
        if values.get(f"example-{place}-drop") or not (picture.isascii() and picture.isdigit()):
            continue
        found.append({
            "choice": values.get(f"example-{place}-choice", "")[:40], "picture": int(picture[:18]),
            "note": values.get(f"example-{place}-note", "")[:300],
        })  # fmt: skip
    return found


def _do(draft: Draft, asked: str) -> None:
    act, _, at = asked.partition("-")
    if act == "add":
        into = draft.categories if not at else _list_and_place(draft, f"{at}-0")[0]
        if into is not None and len(into) < MOST:
            into.append(Choice(colour="" if at else "#5a5f66", colour_dark="" if at else "#a2a8b0"))
        return
    into, place = _list_and_place(draft, at)
    if into is None or not 0 <= place < len(into):
        return
    if act == "drop":
        del into[place]
    elif act in {"up", "down"}:
        other = place + (1 if act == "down" else -1)
        if 0 <= other < len(into):
            into[place], into[other] = into[other], into[place]


def _list_and_place(draft: Draft, at: str) -> tuple[list[Choice] | None, int]:
    parts = at.split("-")
    if not all(part.isascii() and part.isdigit() for part in parts) or len(parts) > 2:
        return None, 0
    if len(parts) == 1:
        return draft.categories, int(parts[0])
    above = int(parts[0])
    return (draft.categories[above].subtypes, int(parts[1])) if above < len(draft.categories) else (None, 0)


def checked(draft: Draft) -> tuple[Document | None, list[tuple[str, str]]]:
    """The document, or everything that is wrong: (name of the box, what is wrong)."""
    try:
        document = Document.model_validate(_plain(draft))
    except ValidationError as error:
        return None, [_told(problem) for problem in error.errors()]
    wrong = [
        (f"{place}-{name}", text)
        for place, category in enumerate(document.categories)
        for name, colour, ground in (
            ("colour", category.colour, LIGHT),
            ("colour_dark", category.colour_dark, DARK),
        )
        if (text := unreadable(colour, ground))
    ]
    return (None, wrong) if wrong else (document, [])


def _plain(draft: Draft) -> dict[str, Any]:
    return {
        "version": "draft",
        "categories": [
            _plain_choice(category)
            | {"colour": category.colour, "colour_dark": category.colour_dark}
            | {"subtypes": [_plain_choice(subtype) for subtype in category.subtypes]}
            for category in draft.categories
        ],
        "rules": {
            code: lines
            for code, text in draft.rules.items()
            if (lines := [line.strip() for line in text.splitlines() if line.strip()])
        },
    }


def _plain_choice(choice: Choice) -> dict[str, Any]:
    words = {
        code: said | {"long_name": said["long_name"] or said["name"]}
        for code, said in choice.words.items()
        if code == "en" or any(said.values())
    }
    return {"key": choice.key, "hotkey": choice.hotkey, "words": words}


_SAID = {
    "key": gettext_lazy("A key begins with a small letter; then letters, digits, - and _, at most 40."),
    "hotkey": gettext_lazy("A keyboard key is one digit or one capital letter."),
    "colour": gettext_lazy("A colour is written like #6b7280."),
    "colour_dark": gettext_lazy("A colour is written like #6b7280."),
}


def _told(problem: Any) -> tuple[str, str]:
    """A fault of the document as the name of its box and a sentence."""
    place = [str(part) for part in problem["loc"] if part not in {"categories", "subtypes", "words"}]
    name = place[-1] if place else ""
    text = str(_SAID.get(name, "")) or str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "string_too_short":
        text = _("This is needed.")
    if problem["type"] == "reserved_key":
        text = _("“%(key)s” is no key: it stands for every sample or for those without a label. Choose another.")
        text %= {"key": problem["input"]}
    return "-".join(place), text[:1].upper() + text[1:]
