"""A slide: one picture or one text, and what is printed on the edge of its mount.

Galleries show dozens a page, so its markup is written here rather than in a template: it takes a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True)
class Slide:
    """Either `src` (a picture's address, with `alt`) or `text`. `tone` is the sticker dot: near, repaired or broken."""

    label: str  # "Wanted", "Retrieved", "2nd"
    src: str = ""
    alt: str = ""
    text: str = ""
    number: str = ""  # the item's number or id, edge print on the left
    score: float | None = None
    tone: str = ""
    url: str = ""  # where pressing the slide leads
    width: int | None = None
    height: int | None = None
    large: str = ""  # address of a larger size, for the loupe


_NAMES = {field.name for field in fields(Slide)}


def slide_of(values: Slide | Mapping[str, Any]) -> Slide:
    """A slide from a mapping with the same names; others in it are passed over."""
    return values if isinstance(values, Slide) else Slide(**{k: v for k, v in values.items() if k in _NAMES})


def markup(slide: Slide, loading: str = "lazy") -> SafeString:
    """The slide as HTML."""
    dot = f'<span class="dot dot-{escape(slide.tone)}" aria-hidden="true"></span>' if slide.tone else ""
    edge = f"<span>{escape(slide.number)}</span>" if slide.number else ""
    edge += f"<span>{slide.score:.3f}</span>" if slide.score is not None else ""
    return mark_safe(  # noqa: S308  # everything that comes from outside is escaped above and in _window
        f'<figure class="slide"><div class="slide-window">{_window(slide, escape(loading))}</div><figcaption>{dot}'
        f'<span class="slide-label">{escape(slide.label)}</span><span class="slide-edge">{edge}</span>'
        "</figcaption></figure>"
    )


def pair(wanted: Slide, given: Slide, caption: str = "", loading: str = "lazy", loupe: bool = False) -> SafeString:
    """Two slides beside each other as HTML; `loupe` magnifies both at the same place."""
    text = f'<p class="pair-caption">{escape(caption)}</p>' if caption else ""
    magnified = " data-loupe" if loupe else ""
    return mark_safe(  # noqa: S308  # text is escaped above, slides are markup already
        f'<div class="pair"{magnified}>{text}{markup(wanted, loading)}{markup(given, loading)}</div>'
    )


def _window(slide: Slide, loading: str) -> str:
    if not slide.src:
        return f'<div class="slide-text">{escape(slide.text)}</div>'
    size = f' width="{slide.width:d}" height="{slide.height:d}"' if slide.width and slide.height else ""
    large = f' data-large="{escape(slide.large)}"' if slide.large else ""
    picture = (
        f'<img src="{escape(slide.src)}" alt="{escape(slide.alt)}" loading="{loading}" decoding="async"{size}{large}>'
    )
    return f'<a class="slide-link" href="{escape(slide.url)}">{picture}</a>' if slide.url else picture
