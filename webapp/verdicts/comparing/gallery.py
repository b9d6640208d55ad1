"""Flips as pages show them: the prompt, what was wanted, what came first before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from webapp.design.slides import Slide
from webapp.experiments.cases.queries import known_of
from webapp.experiments.cases.shown import SHORT, Place, slide
from webapp.verdicts.comparing.flips import Flip


@dataclass(frozen=True)
class Card:
    """A case as two runs answered it."""

    number: int
    caption: str
    prompt: Slide | None
    wanted: Slide
    before: Slide
    after: Slide
    rank_before: int
    rank_after: int
    url_before: str
    url_after: str


def cards(flips: list[Flip], slug: str, runs: tuple[int, int], corpus_id: int | None) -> list[Card]:
    """Every flip of a page as a card; two queries for what their numbers stand for."""
    known = known_of(corpus_id, [row for flip in flips for row in (flip.before, flip.after)])
    places = tuple(Place.of(slug, run, corpus_id, "") for run in runs)
    made = []
    for flip in flips:
        row = flip.before
        text = row.prompt_kind == "text"
        asked, wanted = (_("Picture"), _("True class")) if row.answer_kind == "class" else (_("Asked"), _("Wanted"))
        sides = []
        for side, where, words in zip((flip.before, flip.after), places, (_("Before"), _("After")), strict=True):
            first = side.given[0] if side.given else side.right
            hit = side.rank == 1
            shown = slide(
                side.answer_kind, side.right if hit else first, words, known, where,
                score=side.scores[0] if side.scores else None, tone="near",
            )  # fmt: skip
            sides.append(replace(shown, tone="") if hit else shown)
        made.append(
            Card(
                number=row.number,
                caption=(row.prompt_text[:SHORT] or _("(no caption)")) if text else "",
                prompt=None if text else slide(row.prompt_kind, row.prompt, asked, known, places[0]),
                wanted=slide(row.answer_kind, row.right, wanted, known, places[0]),
                before=sides[0],
                after=sides[1],
                rank_before=flip.before.rank,
                rank_after=flip.after.rank,
                url_before=places[0].case(row.number),
                url_after=places[1].case(row.number),
            )
        )
    return made
