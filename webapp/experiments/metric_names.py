"""The grammar of metric names as rows keep them: `[direction/]name[@k]`, and the slice apart, percent-encoded."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop

from webapp.design.numbers import DIRECTIONS, label_of, parts_of, slice_in_words

ARMS = {  # of an ablation, in the order in which people read them
    "plain": gettext_noop("Plain"),
    "plain-generic-template": gettext_noop("Plain, generic sentence"),
    "plain-domain-template": gettext_noop("Plain, with the domain"),
    "both": gettext_noop("Both sides"),
    "as-given": gettext_noop("As given"),
    "class-side": gettext_noop("Classes alone"),
    "image-side": gettext_noop("Pictures alone"),
    "uniform": gettext_noop("Uniform weights"),
    "generic-template": gettext_noop("Generic sentence"),
    "domain-template": gettext_noop("Sentence with the domain"),
    "class-captions": gettext_noop("Class captions: %(n)s"),
    "image-captions": gettext_noop("Picture captions: %(n)s"),
    "tau": "τ %(n)s",
}


def split_name(full: str) -> tuple[str, str]:
    """(name with its directions, slice as it was written): `t2i/recall@1/dog` is (`t2i/recall@1`, `dog`)."""
    directions, name, part = parts_of(full)
    return "/".join([*directions, name]), part


def full_name(name: str, part: str) -> str:
    """The two joined again."""
    return f"{name}/{part}" if part else name


def stem(name: str) -> str:
    """A name without its directions: `val/t2i/recall@1` is `recall@1`."""
    return name.rpartition("/")[2]


def in_words_direction(direction: str) -> str:
    """`val/t2i` is “held out, text → image”; no direction is “value”."""
    return (
        ", ".join(gettext(DIRECTIONS.get(part, part)) for part in direction.split("/"))
        if direction
        else gettext("value")
    )


def in_words(name: str, part: str = "") -> str:
    """A name for people: `t2i/recall@1` is “Recall@1, text → image”."""
    return label_of(full_name(name, part))


def arm_in_words(name: str) -> str:
    """A part of an enrichment that was left out or changed, for people; any other slice as it is called elsewhere."""
    part, _equals, value = name.partition("=")
    return gettext(ARMS[part]) % {"n": value} if part in ARMS else slice_in_words(name)


def arm_place(name: str) -> int:
    """Where it stands among the others."""
    order = list(ARMS)
    part = name.partition("=")[0]
    return order.index(part) if part in order else len(order)
