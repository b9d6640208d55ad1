"""The cards of a gallery as HTML: written here rather than in a template, as slides are, for a page holds two dozen."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from webapp.design import slides
from webapp.experiments.cases.shown import Card

_RUNGS = '<path class="ladder-rungs" d="M4 4v6M14 4v6M24 4v6M34 4v6M44 4v6M54 4v6M64 4v6M74 4v6M84 4v6M94 4v6M0 7H98"/>'
_BEYOND = '<path class="ladder-beyond" d="M100 3l6 4-6 4"/>'


class Words(NamedTuple):
    """What every card says, in the reader's language."""

    name: str
    rank: str
    margin: str


def cards(shown: Iterable[Card]) -> SafeString:
    """The items of a gallery's list; empty where there are none."""
    words = Words(gettext("Case %(number)s, rank %(rank)s"), gettext("Rank"), gettext("Margin"))
    return mark_safe("".join(_card(card, words) for card in shown))  # noqa: S308  # everything that comes from outside is escaped below


def _card(card: Card, words: Words) -> str:
    url, rank = escape(card.url), escape(card.rank)
    name = escape(words.name % {"number": card.number, "rank": card.rank})
    if card.prompt:
        head, passed_over = f'<div class="case-prompt">{slides.markup(card.prompt)}</div>', ""
    else:  # the caption is the link already: the keyboard stops at a case once
        head = f'<h2 class="case-caption"><a href="{url}">{escape(card.caption)}</a></h2>'
        passed_over = ' tabindex="-1"'
    pair = (
        f'<a class="case-pair" href="{url}" aria-label="{name}"{passed_over}>{slides.pair(card.wanted, card.given)}</a>'
    )
    kind = "case case-classes" if card.classes else "case"
    return (
        f'<li class="{kind}">{head}\n'
        f"      {_with_evidence(card, pair)}\n"
        f'      <p class="case-foot">{_ladder(card)}<span>{escape(words.rank)} <strong>{rank}</strong></span>'
        f"<span>{escape(words.margin)} <strong>{escape(card.margin)}</strong></span></p></li>"
    )


def _with_evidence(card: Card, pair: str) -> str:
    """The answers with what speaks for them below, in one row of the gallery's grid."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in card.evidence)
    return f'<div>{pair}<ul class="case-evidence small" role="list">{lines}</ul></div>' if lines else pair


def _ladder(card: Card) -> str:
    hit = " ladder-hit" if card.hit else ""
    place = _BEYOND if card.beyond else f'<circle class="ladder-at{hit}" cx="{escape(card.ladder)}" cy="7" r="4"/>'
    return f'<svg class="ladder" viewBox="0 0 108 14" aria-hidden="true" focusable="false">{_RUNGS}{place}</svg>'
