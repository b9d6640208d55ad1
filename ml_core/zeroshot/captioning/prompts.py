"""What models are asked for captions, word by word."""

from __future__ import annotations

from collections.abc import Sequence

VERSION = 1  # raise it when a sentence here changes: it stands in what is written
LISTED = 300  # classes that are named to a model that is to choose one


def attributes(class_names: Sequence[str], domain: str) -> str:
    """Asks once a data set what tells its classes apart."""
    return (
        f"These are the classes of a set of pictures{_of(domain)}: {'; '.join(class_names)}.\n"
        "Which attributes that can be seen in a picture tell these classes apart? Think of parts, shapes, proportions, "
        "colours, textures, markings and surroundings.\n"
        "Write 5 to 15 attributes, one a line, each in a few words, and nothing else."
    )


def class_captions(name: str, domain: str, told: Sequence[str], count: int, known: Sequence[str] = ()) -> str:
    """Asks for `count` captions of a class; `told` are attributes to look at, `known` captions it has already."""
    lines = [
        f"Describe how “{name}”{_kind(domain)} looks in pictures.",
        f"Look at these attributes: {'; '.join(told)}.",
        f"Write {count} different descriptions, one a line. Each is one short sentence about what can be seen and holds"
        " for most pictures of it. No numbers before the lines, no headings, nothing else.",
    ]
    if known:
        lines += ["These are there already; write others:", *known]
    return "\n".join(lines)


def image_captions(domain: str, count: int, examples: Sequence[str], class_names: Sequence[str] | None) -> str:
    """Asks for at most `count` captions of the picture shown and, where names are given, for the class it shows."""
    lines = [
        f"Describe what can be seen in this picture{_of(domain)} in at most {count} different lines. Each line is one"
        " short sentence about one thing: parts, shapes, colours, textures, markings, surroundings."
    ]
    if examples:
        lines += ["Write in the style of these lines, which are about other pictures:", *examples]
    if class_names is not None:
        if len(class_names) <= LISTED:
            lines.append(f"The classes are: {'; '.join(class_names)}.")
        lines.append("On a last line write “Class:” and the class that you see, or “Class: unknown”.")
    return "\n".join([*lines, "No numbers before the lines, no headings, nothing else."])


def _of(domain: str) -> str:
    return f" (each of a {domain})" if domain else ""


def _kind(domain: str) -> str:
    return f" (a {domain})" if domain else ""
