"""The grammar of metric names: `[direction/]name[@k][/slice]`, slices percent-encoded."""

from __future__ import annotations

from urllib.parse import unquote

DIRECTIONS = {"t2i": "text → image", "i2t": "image → text", "train": "training", "val": "held out", "test": "test"}


def split_name(full: str) -> tuple[str, str]:
    """(name with its directions, slice as it was written): `t2i/recall@1/dog` is (`t2i/recall@1`, `dog`)."""
    parts = full.split("/")
    length = 1
    while length < len(parts) and parts[length - 1] in DIRECTIONS:
        length += 1
    return "/".join(parts[:length]), "/".join(parts[length:])


def full_name(name: str, part: str) -> str:
    """The two joined again."""
    return f"{name}/{part}" if part else name


def stem(name: str) -> str:
    """A name without its directions: `val/t2i/recall@1` is `recall@1`."""
    return name.rpartition("/")[2]


def in_words_direction(direction: str) -> str:
    """`val/t2i` is “held out, text → image”; no direction is “value”."""
    return ", ".join(DIRECTIONS.get(part, part) for part in direction.split("/")) if direction else "value"


def in_words(name: str, part: str = "") -> str:
    """A name for people: `t2i/recall@1` is “Recall@1, text → image”."""
    *directions, last = name.split("/")
    known = {"mrr": "Mean reciprocal rank", "map": "Mean average precision", "ndcg": "nDCG", "f1": "F1"}
    base, at, k = last.partition("@")
    words = known.get(base, base.replace("_", " ").capitalize()) + at + k
    text = ", ".join([words, *(DIRECTIONS.get(direction, direction) for direction in directions)])
    return f"{text} · {unquote(part)}" if part else text
