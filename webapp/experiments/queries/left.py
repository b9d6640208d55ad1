"""The files that a run left, those told together that differ in a number alone, and all of them page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webapp.experiments.models import Artifact, Run

FEW = 6  # files of one kind that a run's page still names one by one
PAGE = 100
_NUMBER = re.compile(r"\d+")
_ORDER = {"model": 0, "table": 1, "data": 2, "plot": 3}


@dataclass(frozen=True)
class Series:
    """Files that differ in a number alone: `plots/occlusion_*.png`."""

    like: str
    count: int
    byte_count: int


@dataclass(frozen=True)
class Files:
    """What a run's page names: files one by one, series of them, and how much all of it is."""

    alone: list[Artifact]
    series: list[Series]
    count: int
    byte_count: int


@dataclass(frozen=True)
class Page:
    """Some of the files, in their natural order."""

    rows: list[Artifact]
    number: int
    pages: int
    count: int


def artifacts_of(run: Run) -> list[Artifact]:
    """Every file that the run left, models first, `a_9` before `a_10`."""
    return sorted(Artifact.objects.filter(run=run), key=lambda row: (_ORDER.get(row.role, 9), _natural(row.path)))


def files_of(artifacts: list[Artifact]) -> Files:
    """The same as a run's page names them."""
    kinds: dict[str, list[Artifact]] = {}
    for row in artifacts:
        kinds.setdefault(like(row.path), []).append(row)
    many = {kind: rows for kind, rows in kinds.items() if len(rows) > FEW}
    alone = [row for row in artifacts if like(row.path) not in many]
    series = [Series(kind, len(rows), sum(row.byte_count for row in rows)) for kind, rows in many.items()]
    return Files(alone, series, len(artifacts), sum(row.byte_count for row in artifacts))


def page_of(artifacts: list[Artifact], kind: str, number: int) -> Page:
    """The files of one kind (all where it is empty), a page of them; the last one for a number beyond it."""
    rows = [row for row in artifacts if not kind or like(row.path) == kind]
    pages = max(1, -(-len(rows) // PAGE))
    number = min(max(number, 1), pages)
    return Page(rows[(number - 1) * PAGE : number * PAGE], number, pages, len(rows))


def like(path: str) -> str:
    """A path with a star for every number."""
    return _NUMBER.sub("*", path)


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path) if part]
