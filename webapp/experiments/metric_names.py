"""The grammar of metric names as rows keep them: `[direction/]name[@k]`, and the slice apart, percent-encoded."""

from __future__ import annotations

from django.utils.translation import gettext

from webapp.design.numbers import DIRECTIONS, label_of, parts_of


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
