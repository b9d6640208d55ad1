"""Whether two annotators' overlap files name the same samples, and which ones stand on one side alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from webapp.annotation.exchange.judging import natural

Overlap = Mapping[str, Sequence[str]]  # letter → idx of the overlap samples in a file


@dataclass(frozen=True)
class Unequal:
    """Overlap samples that are in one annotator's file and not in another's; `file`: where the other's stand."""

    a: str
    b: str
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    file: str = ""


def unequal(here: Overlap, others: Sequence[tuple[str, Overlap]]) -> Iterator[Unequal]:
    """Every pair that does not match: within the file, and with the newest other file (name, overlap) of a letter.

    `others` come newest first. A file without any overlap sample is no overlap file and matches everything.
    """
    for a, b in combinations(sorted(here), 2):
        yield from _differing(a, b, here[a], here[b], "")
    newest: dict[str, tuple[str, Sequence[str]]] = {}
    for name, overlap in others:
        for letter, ids in overlap.items():
            if letter not in here:
                newest.setdefault(letter, (name, ids))
    for a in sorted(here):
        for b, (name, ids) in sorted(newest.items()):
            yield from _differing(a, b, here[a], ids, name)


def _differing(a: str, b: str, ids_a: Sequence[str], ids_b: Sequence[str], file: str) -> Iterator[Unequal]:
    only_a, only_b = (
        tuple(sorted(set(one) - set(other), key=natural)) for one, other in ((ids_a, ids_b), (ids_b, ids_a))
    )
    if only_a or only_b:
        yield Unequal(a, b, only_a, only_b, file)
