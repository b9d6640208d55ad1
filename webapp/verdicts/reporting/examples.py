"""A handful of queries that a fix repaired and broke, drawn by a hash: nobody picks them."""

from __future__ import annotations

from typing import Any

from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.corpora.models import Item
from webapp.experiments.cases.queries import PICTURES, Known, known_of
from webapp.verdicts.comparing.flips import Flip, drawn

CELLS = ("repaired", "broken")
EACH = 4  # of each cell


def examples_of(
    pair: tuple[int, int], direction: str, corpus_id: int | None, labels: AnalysisSet | None, cases: list[int] | None
) -> list[dict[str, Any]]:
    """Each example as {"cell", "number", "caption", "rank_before", "rank_after", "category", "prompt", "wanted",
    "before", "after"}; a side is {"kind", "number"} with "text", or with "name", "width", "height" and "picture" (the
    SHA-256 of the original, "" where it is gone). `pair`: the runs before and after."""
    found = [(cell, flip) for cell in CELLS for flip in drawn(*pair, direction, cell, cases=cases, size=EACH)]
    known = known_of(corpus_id, [row for _cell, flip in found for row in (flip.before, flip.after)])
    hashes = _hashes(corpus_id, known)
    categories = _categories(labels, [flip.before.number for _cell, flip in found])
    return [_example(cell, flip, known, hashes, categories) for cell, flip in found]


def _hashes(corpus_id: int | None, known: Known) -> dict[int, str]:
    if corpus_id is None:
        return {}
    rows = Item.objects.filter(corpus_id=corpus_id, number__in=list(known.pictures))
    return dict(rows.values_list("number", "file_hash"))


def _categories(labels: AnalysisSet | None, numbers: list[int]) -> dict[int | None, str]:
    if labels is None:
        return {}
    rows = AnalysisItem.objects.filter(analysis_set=labels, case_number__in=numbers)
    return dict(rows.values_list("case_number", "category"))


def _example(
    cell: str, flip: Flip, known: Known, hashes: dict[int, str], categories: dict[int | None, str]
) -> dict[str, Any]:
    row = flip.before
    asked_in_words = row.prompt_kind == "text"
    sides = {
        name: _side(row.answer_kind, number, known, hashes)
        for name, number in (
            ("wanted", row.right),
            ("before", row.right if row.rank == 1 or not row.given else row.given[0]),
            ("after", row.right if flip.after.rank == 1 or not flip.after.given else flip.after.given[0]),
        )
    }
    return {
        "cell": cell,
        "number": row.number,
        "caption": row.prompt_text if asked_in_words else "",
        "prompt": None if asked_in_words else _side(row.prompt_kind, row.prompt, known, hashes),
        "rank_before": row.rank,
        "rank_after": flip.after.rank,
        "category": categories.get(row.number, ""),
        **sides,
    }


def _side(kind: str, number: int, known: Known, hashes: dict[int, str]) -> dict[str, Any]:
    if kind not in PICTURES:
        text = known.texts.get(number)
        return {"kind": "text", "number": number, "text": text.text if text else ""}
    picture = known.pictures.get(number)
    if picture is None:
        return {"kind": "picture", "number": number, "name": str(number), "picture": ""}
    size = {"width": picture.width, "height": picture.height}
    return {"kind": "picture", "number": number, "name": picture.external_id, "picture": hashes.get(number, "")} | size
