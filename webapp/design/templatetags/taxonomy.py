"""How a category's colour is shown: a chip for light and one for dark pages, as CSP allows no inline style."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

register = template.Library()
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@register.simple_tag
def swatch(light: str, dark: str) -> SafeString:
    """A dot in a category's colour; anything that is no colour gives nothing. Decoration: the name stands beside."""
    first, second = (colour if _COLOUR.fullmatch(colour or "") else "none" for colour in (light, dark))
    return format_html(
        '<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true" focusable="false">'
        '<circle class="swatch-light" cx="6" cy="6" r="5" fill="{}"/>'
        '<circle class="swatch-dark" cx="6" cy="6" r="5" fill="{}"/></svg>',
        first,
        second,
    )


@register.simple_tag
def lookup(values: dict[str, str], name: str) -> str:
    """An entry by a name that is no word a template can write, such as zh-hans."""
    return values.get(name, "")


@register.simple_tag
def box(at: str, name: str, value: str, wrong: dict[str, str], label: str) -> SafeString:
    """A small box of the editor with its label, and what is wrong with it."""
    identity = f"{at}-{name}"
    text = wrong.get(identity, "")
    flaw = format_html('<p class="field-error" id="id-{}-error">{}</p>', identity, text) if text else ""
    told = format_html(' aria-invalid="true" aria-describedby="id-{}-error"', identity) if text else ""
    return format_html(
        '<div class="field"><label for="id-{0}">{1}</label>'
        '<input id="id-{0}" name="{0}" value="{2}" maxlength="300"{3}>'
        "{4}</div>",
        identity,
        label,
        value,
        told,
        flaw,
    )


_LABELS = {
    "name": gettext_lazy("Name"),
    "long_name": gettext_lazy("Long name"),
    "use_when": gettext_lazy("Use when"),
    "not_when": gettext_lazy("Not when"),
}


@register.simple_tag
def boxes(choice: Any, code: str, wrong: dict[str, str]) -> SafeString:
    """The boxes of one language."""
    said = choice.words[code]
    lines = ((box(choice.at, f"{code}-{name}", said[name], wrong, str(label)),) for name, label in _LABELS.items())
    return format_html_join("", "{}", lines)
