"""The sentences around a class's name, by set, and how they are filled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ml_core.spec import BadInput

NAME, DOMAIN = "{c}", "{domain}"
GENERIC = "An image of a {c}"
WITH_DOMAIN = "An image of a {c}, a {domain}"
MOST = 500  # sentences

# Ways in which a picture of something may look or have been made; each twice, of a thing and of the thing.
_LOOKS = (
    "a photo",
    "a picture",
    "an image",
    "a snapshot",
    "a close-up photo",
    "a photo from afar",
    "a photo from above",
    "a photo from below",
    "a photo from the side",
    "a sharp photo",
    "a blurred photo",
    "a grainy photo",
    "a dark photo",
    "a bright photo",
    "a pale photo",
    "a colourful photo",
    "a black-and-white photo",
    "a small photo",
    "a large photo",
    "a cut-off photo",
    "a photo of part",
    "a photo of most",
    "a poor photo",
    "a fine photo",
    "an old photo",
    "a recent photo",
    "an amateur's photo",
    "a professional photo",
    "a compressed photo",
    "a photo against a plain background",
    "a photo against a busy background",
    "a photo taken indoors",
    "a photo taken outdoors",
    "a drawing",
    "a sketch",
    "a painting",
    "a print",
    "a computer graphic",
    "a sculpture",
    "a toy",
)
_PARTED = {  # where "of" would not follow well
    "a photo against a plain background": "{article} {{c}} against a plain background.",
    "a photo against a busy background": "{article} {{c}} against a busy background.",
    "a photo taken indoors": "{article} {{c}}, taken indoors.",
    "a photo taken outdoors": "{article} {{c}}, taken outdoors.",
    "a photo from afar": "{article} {{c}} from afar.",
    "a photo from above": "{article} {{c}} from above.",
    "a photo from below": "{article} {{c}} from below.",
    "a photo from the side": "{article} {{c}} from the side.",
    "a toy": "{article} toy {{c}}.",
}


def _ensemble() -> tuple[str, ...]:
    """Eighty sentences: every look, of a thing and of the thing."""
    found = []
    for look in _LOOKS:
        for article in ("a", "the"):
            tail = _PARTED.get(look)
            head = "a photo of " if tail else f"{look} of "
            found.append(head + (tail or "{article} {{c}}.").format(article=article))
    return tuple(found)


SETS: dict[str, tuple[str, ...]] = {
    "generic": (GENERIC,),
    "domain": (WITH_DOMAIN,),
    "photo": ("a photo of a {c}.",),
    "ensemble": _ensemble(),
}


def templates_of(name: str, own: str = "") -> tuple[str, ...]:
    """The sentences of a set; `own` ones are written with | between them and may say {} for the name.

    BadInput (field "own_templates") for one without a place for the name or with another place in it.
    """
    if name != "own":
        return SETS[name]
    found = as_written(own.split("|"))
    if not found or len(found) > MOST:
        raise BadInput(f"one to {MOST} sentences are wanted, | between them (got {len(found)})", field="own_templates")
    if wrong := next(filter(None, map(why_not, found)), ""):
        raise BadInput(wrong, field="own_templates")
    return found


def as_written(sentences: Iterable[str]) -> tuple[str, ...]:
    """Each sentence once, in order, {} in it as {c}."""
    return tuple(dict.fromkeys(part.strip().replace("{}", NAME) for part in sentences if part.strip()))


def why_not(template: str) -> str:
    """What is wrong with a sentence as a template; "" where nothing is."""
    if NAME not in template:
        return f"“{template[:100]}” has no {NAME} where the name goes"
    strange = re.findall(r"[{}]", template.replace(NAME, "").replace(DOMAIN, ""))
    return f"“{template[:100]}” has a {strange[0]} that belongs to neither {NAME} nor {DOMAIN}" if strange else ""


def usable(templates: Sequence[str], domain: str) -> tuple[tuple[str, ...], list[str]]:
    """The sentences for a data set with or without a phrase of its domain, and a remark where it lacks one.

    Without a phrase “, a {domain}” is left out, so that nothing reads “a T-90, a ”.
    """
    if domain or not any(DOMAIN in template for template in templates):
        return tuple(templates), []
    if bare := [template for template in templates if DOMAIN in template.replace(f", a {DOMAIN}", "")]:
        raise BadInput(
            f"“{bare[0][:100]}” needs the phrase of the domain, and the data set has none: give one", field="domain"
        )
    without = tuple(template.replace(f", a {DOMAIN}", "") for template in templates)
    return without, ["The data set has no phrase of its domain, so the sentences go without one."]


def filled(templates: Sequence[str], class_names: Sequence[str], domain: str) -> list[list[str]]:
    """The sentences of every class, (C, T)."""
    return [[_fill(template, name, domain) for template in templates] for name in class_names]


def with_caption(name: str, caption: str) -> str:
    """“An image of a {c}. {caption}”, the text of a caption on the class side."""
    return f"{_fill(GENERIC, name, '')}. {caption}"


def _fill(template: str, name: str, domain: str) -> str:
    return domain.join(part.replace(NAME, name) for part in template.split(DOMAIN))
