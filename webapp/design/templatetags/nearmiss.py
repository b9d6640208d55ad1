"""The page components as template tags: `{% load nearmiss %}`. Each renders one file of templates/components/."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from typing import Any

from django import template
from django.forms import BaseForm
from django.forms.boundfield import BoundField
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_noop

from webapp.design import numbers
from webapp.design.forms import described
from webapp.design.number_markup import number_markup
from webapp.design.plots import Heat, Plot, Scatter
from webapp.design.slides import Slide, markup, pair, slide_of

register = template.Library()

# A run's state as people read it: words, icon, tone. Success is plain: green is kept for "repaired".
STATES = {
    "draft": (gettext_noop("Draft"), "ring", "quiet"),
    "queued": (gettext_noop("Waiting"), "ring", "quiet"),
    "starting": (gettext_noop("Starting"), "turning", "turning"),
    "running": (gettext_noop("Running"), "turning", "turning"),
    "stopping": (gettext_noop("Stopping"), "turning", "turning"),
    "succeeded": (gettext_noop("Succeeded"), "check", "plain"),
    "ready": (gettext_noop("Ready"), "check", "plain"),
    "failed": (gettext_noop("Failed"), "cross", "broken"),
    "cancelled": (gettext_noop("Cancelled"), "stop", "quiet"),
    "archived": (gettext_noop("Archived"), "box", "quiet"),
}


@register.simple_tag
def number(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    format: str = "decimal",
    size: str = "",
    tone: str = "",
    scale: Sequence[float] | str | None = None,
) -> SafeString:
    """A measured number with its interval as a small whisker, and n.

    `format`: percent, points, fraction, integer, decimal, seconds, bytes. `size`: "" or "headline". `tone`: "", near,
    repaired, broken. `scale`: the whisker's ends, "0:0.5" or a pair; fractions stand on 0–1 by themselves.
    """
    ends = [float(end) for end in scale.split(":")] if isinstance(scale, str) else scale
    shown = numbers.reading(value, low, high, n, format, (ends[0], ends[1]) if ends else None)
    return number_markup(shown, size, tone)


@register.simple_tag
def metric(measured: Any, size: str = "", tone: str = "", scale: Any = None) -> SafeString:
    """The number component for anything with `name`, `value`, `low`, `high`, `n`; its name chooses the format."""
    take = measured.get if isinstance(measured, Mapping) else lambda key: getattr(measured, key, None)
    form = numbers.format_of(str(take("name") or ""))
    return number(take("value"), take("low"), take("high"), take("n"), form, size, tone, scale)


@register.filter
def metric_label(name: str) -> str:
    """`t2i/recall@1` → `Recall@1, text → image`."""
    return numbers.label_of(name)


@register.filter
def written(value: float | None, format: str) -> str:
    """A bare value in one of the number formats, for places where nothing was measured: counts, sizes, durations."""
    return " ".join(part for part in numbers.written(value, format) if part)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of static/img/icons.svg; without a label it is decoration and hidden from screen readers."""
    source = _icons()
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}#{}"/></svg>', label, source, name
        )
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', source, name)


@register.simple_tag
def page_language() -> str:
    """The language that the page is written in, as `<html lang>` wants it: en, zh-Hans."""
    return translation.to_locale(translation.get_language() or "en").replace("_", "-")


@register.simple_tag
def crumbs(*parts: str) -> list[tuple[str, str]]:
    """`{% crumbs "Kitchen" url "Runs" url2 as trail %}`: names and addresses by turns; a last name may stand alone."""
    texts = [str(part) for part in parts]
    return list(zip(texts[::2], [*texts[1::2], ""], strict=False))


@register.simple_block_tag(takes_context=True)
def page_head(
    context: template.Context,
    content: str,
    title: str,
    crumbs: Sequence[tuple[str, str]] = (),
    lede: str = "",
) -> str:
    """Where you are, what this is, and (between the tags) the one thing to do."""
    values = {"title": title, "crumbs": crumbs, "lede": lede, "content": _markup(content)}
    return render_to_string("components/page_head.html", values)


@register.simple_block_tag
def empty(content: str, title: str, why: str = "") -> str:
    """An empty place: what is missing, why, and (between the tags) what next."""
    return render_to_string("components/empty.html", {"title": title, "why": why, "content": _markup(content)})


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> str:
    """A dialog that a button with `data-dialog="<id>"` opens; a button with `data-dialog-close` inside closes it."""
    return render_to_string("components/dialog.html", {"id": id, "title": title, "content": _markup(content)})


@register.simple_block_tag
def menu(content: str, label: str, icon: str = "", end: bool = False) -> str:
    """A menu under a summary; write links, buttons and <hr> between the tags."""
    values = {"label": label, "icon": icon, "end": end, "content": _markup(content)}
    return render_to_string("components/menu.html", values)


@register.simple_block_tag
def table_region(content: str, label: str) -> str:
    """A table that may be wider than its page: scrolls by itself, reachable by keyboard, with a name."""
    return format_html('<div class="table-region" role="region" aria-label="{}" tabindex="0">{}</div>', label, content)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, label: str = "") -> dict[str, Any]:
    """A form field with label, help, bounds, unit and errors (see webapp.design.forms.described)."""
    return described(bound, label)


@register.inclusion_tag("components/fields.html")
def fields(form: BaseForm) -> dict[str, Any]:
    """Every field of a form, hidden ones included, without its error summary."""
    return {"visible": form.visible_fields(), "hidden": form.hidden_fields()}


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm) -> dict[str, Any]:
    """Everything that is wrong with the forms, each line a link to its field; nothing where nothing is wrong."""
    lines: list[tuple[str, str, str]] = []
    for form in forms:
        lines += [("", "", str(text)) for text in form.non_field_errors()]
        for bound in form:
            lines += [(bound.id_for_label or bound.auto_id, str(bound.label), str(text)) for text in bound.errors]
    return {"lines": lines}


@register.inclusion_tag("components/badge.html")
def badge(text: str, tone: str = "", icon: str = "") -> dict[str, str]:
    """A word with a sticker dot: tone near, repaired, broken or quiet; or with an icon."""
    return {"text": text, "tone": tone, "icon": icon}


@register.inclusion_tag("components/badge.html")
def state_badge(state: str, text: str = "") -> dict[str, str]:
    """A run's (or data set's) state."""
    words, mark, tone = STATES.get(state, (state.replace("_", " ").capitalize(), "ring", "quiet"))
    return {"text": text or gettext(words), "tone": tone, "icon": mark}


@register.simple_tag
def state_mark(state: str) -> SafeString:
    """The icon of a state's badge alone, where the words beside it tell the state already."""
    _words, mark, tone = STATES.get(state, ("", "ring", "quiet"))
    return format_html('<span class="badge badge-{}">{}</span>', tone, icon(mark))


@register.inclusion_tag("components/tabs.html")
def tabs(items: Iterable[Any], label: str = "") -> dict[str, Any]:
    """Places beside each other: items are (text, url, current) or (text, url, current, count)."""
    rows = [(*item, None)[:4] for item in items]
    items = [dict(zip(("text", "url", "current", "count"), row, strict=True)) for row in rows]
    return {"items": items, "label": label or gettext("Parts of this page")}


@register.inclusion_tag("components/progress.html")
def progress(
    stage: str = "",
    done: float | None = None,
    total: float | None = None,
    unit: str = "",
    rate: float | None = None,
    eta: float | None = None,
) -> dict[str, Any]:
    """How far something is: stage, share, `done` of `total` units, rate in units a second, seconds left."""
    known = done is not None and total is not None and total > 0
    share = math.floor(100 * done / total) if known and done is not None and total else None
    unit = gettext(unit) if unit else ""
    speed = f"{_round(rate)} {unit or gettext('units')}/s" if rate else ""
    counted = gettext("%(done)s of %(total)s %(unit)s") if known else ""
    counted = (counted % {"done": f"{done or 0:,.0f}", "total": f"{total or 0:,.0f}", "unit": unit}).strip()
    left = gettext("%(time)s left") % {"time": numbers.duration(eta)} if eta is not None else ""
    parts = [part for part in (counted, speed, left) if part]
    stage = gettext(stage) if stage else ""
    return {"stage": stage, "done": done, "total": total if known else None, "share": share, "parts": parts}


@register.inclusion_tag("components/pager.html")
def pager(previous: str = "", next: str = "", summary: str = "", target: str = "") -> dict[str, str]:
    """Previous and next (keyset pages know no numbers); `target`: a CSS selector for htmx to swap, else whole pages."""
    return {"previous": previous, "next": next, "summary": summary, "target": target}


@register.inclusion_tag("components/facts.html")
def facts(rows: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Names and what they are, in two columns."""
    return {"rows": list(rows)}


@register.inclusion_tag("components/code.html")
def code(text: str, label: str = "", wrap: bool = False) -> dict[str, Any]:
    """Text that people copy, with a button that does."""
    return {"text": text, "label": label or gettext("Command"), "wrap": wrap}


@register.simple_tag
def slide(picture: Slide | Mapping[str, Any], loading: str = "lazy") -> SafeString:
    """A picture (or a text) in its mount: webapp.design.slides.Slide or a mapping with the same names."""
    return markup(slide_of(picture), loading)


@register.simple_tag
def picture_pair(
    wanted: Slide | Mapping[str, Any],
    given: Slide | Mapping[str, Any],
    caption: str = "",
    loading: str = "lazy",
    loupe: bool = False,
) -> SafeString:
    """The one wanted beside the one retrieved, equal in size, whole; `loupe` magnifies both at the same place."""
    return pair(slide_of(wanted), slide_of(given), caption, loading, loupe)


@register.simple_tag
def options(choices: Mapping[Any, str] | Iterable[tuple[Any, str]], chosen: Any = "") -> SafeString:
    """The options of a select, one of them chosen."""
    pairs = choices.items() if isinstance(choices, Mapping) else choices
    lines = (
        f'<option value="{escape(str(value))}"{" selected" if value == chosen else ""}>{escape(str(text))}</option>'
        for value, text in pairs
    )
    return mark_safe("".join(lines))  # noqa: S308  # both are escaped


@register.inclusion_tag("components/plot.html")
def plot(drawn: Plot | Heat | Scatter, id: str, level: int = 3) -> dict[str, Any]:
    """A figure with the table of its numbers and its downloads (CSV, PNG, SVG)."""
    return {
        "plot": drawn,
        "id": id,
        "data": drawn.as_json(),
        "data_id": f"{id}-data",
        "level": level,
        "plotly": static("plotly.min.js"),
    }


@register.inclusion_tag("components/theme.html")
def theme_switch() -> dict[str, Any]:
    """Auto, light or dark; kept in the browser."""
    return {"choices": [("auto", gettext("Auto")), ("light", gettext("Light")), ("dark", gettext("Dark"))]}


@cache
def _icons() -> str:
    """Where the icons lie: the same for the life of the process, and a page shows dozens."""
    return static("img/icons.svg")


def _markup(content: str) -> SafeString:
    # The body of a block tag was rendered by the template engine, which has escaped what needed it.
    return mark_safe(content.strip())  # noqa: S308


def _round(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}"
