"""What a form field tells about itself: label, help, unit, bounds, errors, and the ids that tie them together."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

_ONE_BOX = (forms.CheckboxInput,)
_GROUPS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


def described(bound: BoundField, label: str = "") -> dict[str, Any]:
    """Everything components/field.html shows.

    A field may carry `unit` (text after the box), `bounds` (text; else made from min/max) and `optional_note` as plain
    attributes; `help_text` is one sentence.
    """
    field, identity = bound.field, bound.auto_id or bound.html_name
    bounds = getattr(field, "bounds", "") or _bounds(field)
    unit = getattr(field, "unit", "") or ""
    ids = {
        "help": f"{identity}_help" if bound.help_text else "",
        "bounds": f"{identity}_bounds" if bounds or unit else "",
        "error": f"{identity}_error" if bound.errors else "",
    }
    return {
        "bound": bound,
        "label": label or bound.label,
        "control": _control(bound, " ".join(value for value in ids.values() if value), relabelled=bool(label)),
        "is_box": isinstance(field.widget, _ONE_BOX),
        "is_group": isinstance(field.widget, _GROUPS),
        "unit": unit,
        "bounds": bounds,
        "optional": not field.required and not isinstance(field.widget, _ONE_BOX),
        "optional_note": getattr(field, "optional_note", _("optional")),
        "ids": ids,
        "identity": identity,
    }


def _control(bound: BoundField, described_by: str, *, relabelled: bool) -> SafeString:
    attributes: dict[str, Any] = {}
    if described_by:
        attributes["aria-describedby"] = described_by
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if relabelled or bound.field.widget.attrs.get("placeholder") == bound.label:
        attributes["placeholder"] = False  # the label says it already, and stays
    return bound.as_widget(_kept(bound, attributes), attributes)


def _kept(bound: BoundField, attributes: dict[str, Any]) -> forms.Widget:
    """The widget; a box for a number as plain text, because browsers throw away what they take for no number."""
    widget = bound.field.widget
    if not isinstance(widget, forms.NumberInput) or widget.input_type != "number":
        return widget
    whole = isinstance(bound.field, forms.IntegerField) and not isinstance(bound.field, forms.FloatField)
    attributes |= {"inputmode": "numeric" if whole else "decimal", "autocomplete": "off"}
    attributes |= {"min": False, "max": False, "step": False}
    plain = copy.copy(widget)
    plain.input_type = "text"
    return plain


def _bounds(field: forms.Field) -> str:
    low, high = getattr(field, "min_value", None), getattr(field, "max_value", None)
    low, high = (value() if callable(value) else value for value in (low, high))
    if low is not None and high is not None:
        return _("%(low)s to %(high)s") % {"low": f"{low:,}", "high": f"{high:,}"}
    if low is not None:
        return _("at least %(low)s") % {"low": f"{low:,}"}
    if high is not None:
        return _("at most %(high)s") % {"high": f"{high:,}"}
    return ""
