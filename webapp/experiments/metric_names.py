"""The grammar of metric names: `[direction/]name[@k][/slice]`, slices percent-encoded."""

from __future__ import annotations

from urllib.parse import unquote

DIRECTIONS = {"t2i": "text → image", "i2t": "image → text", "train": "training", "val": "validation", "test": "test"}


def split_name(full: str) -> tuple[str, str]:
    """(name with its direction, slice as it was written): `t2i/recall@1/dog` is (`t2i/recall@1`, `dog`)."""
    parts = full.split("/")
    length = 2 if parts[0] in DIRECTIONS and len(parts) > 1 else 1
    return "/".join(parts[:length])[:120], "/".join(parts[length:])[:400]


def full_name(name: str, part: str) -> str:
    """The two joined again."""
    return f"{name}/{part}" if part else name


def in_words(name: str, part: str = "") -> str:
    """A name for people: `t2i/recall@1` is “recall@1, text → image”."""
    direction, slash, rest = name.partition("/")
    words = rest if slash else name
    words = words.replace("_", " ")
    text = f"{words}, {DIRECTIONS.get(direction, direction)}" if slash else words
    return f"{text} · {unquote(part)}" if part else text
