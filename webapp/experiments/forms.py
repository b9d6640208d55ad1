"""Web forms made from a method's Spec: fields by group, bounds and units in sight, the project's things to choose."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic.fields import FieldInfo

from ml_core.spec import Card
from webapp.accounts.models import Project
from webapp.experiments.actions import Checked, check_values
from webapp.experiments.queries.choices import choices_for
from webapp.experiments.references import kinds_of

TITLE = "run_title"
LABELS = {  # of fields whose own name says too little
    "ks": "Depths k",
    "data": "Data set",
    "dataset": "Data set",
    "alpha": "α, share of class captions",
    "beta": "β, share of picture captions",
    "tau_t2t": "τ of class captions",
    "tau_i2t": "τ of picture captions",
    "alphas": "α to try",
    "betas": "β to try",
    "taus_t2t": "τ of class captions to try",
    "taus_i2t": "τ of picture captions to try",
    "keep": "Answers kept",
    "looked_at": "Pictures looked at",
}
_BOUNDS = {"ge": "min", "gt": "above", "le": "max", "lt": "below"}


@dataclass(frozen=True)
class Group:
    """A fieldset: its everyday fields, and those that are folded away."""

    name: str
    fields: list[forms.BoundField]
    advanced: list[forms.BoundField]
    takes_captions: bool = False

    @property
    def advanced_open(self) -> bool:
        """A folded field that is wrong must be seen."""
        return any(bound.errors for bound in self.advanced)


class SpecForm(forms.Form):
    """The form of one method. Every rule is the Spec's own: what it refuses stands at its field, all of it at once."""

    run_title = forms.CharField(
        label=_("Title"), max_length=160, required=False, help_text=_("What the run is called in lists.")
    )

    use_required_attribute = False  # the Spec refuses, not the browser: all that is wrong is told at once

    def __init__(self, card: Card, project: Project, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.card, self.project = card, project
        self.checked: Checked | None = None
        for name, info in card.spec.model_fields.items():
            self.fields[name] = _form_field(name, info, project)

    def clean(self) -> dict[str, Any]:
        """Hands the values to the Spec and puts its findings at their fields."""
        cleaned = super().clean() or {}
        self.checked = check_values(self.project, self.card, self.values(cleaned))
        for field, text in self.checked.problems:
            top = field.partition(".")[0]
            self.add_error(top if top in self.fields else None, text)
        return cleaned

    def values(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What was typed as plain values for the Spec; an empty box is no value: the default or a refusal follows."""
        found: dict[str, Any] = {}
        for name, info in self.card.spec.model_fields.items():
            value = cleaned.get(name)
            if isinstance(value, str):
                value = value.strip()
            if _is_list(info.annotation):
                found[name] = _split(value)
            elif isinstance(value, bool) or value not in (None, ""):
                found[name] = value
            elif not info.is_required() and (_is_text(info.annotation) or _is_optional(info.annotation)):
                found[name] = None if _is_optional(info.annotation) else ""
        return found

    def typed(self) -> dict[str, Any]:
        """What stands in the boxes as plain values, wrong ones too."""
        return self.values({name: self[name].value() for name in self.fields})

    def groups(self) -> list[Group]:
        """The fieldsets in the order in which the Spec names them, those of folded fields alone at the end."""
        names = dict.fromkeys(_extra(info).get("group", "Settings") for info in self.card.spec.model_fields.values())
        found = sorted((self._group(name) for name in names), key=lambda group: not group.fields)
        first = next((group for group in found if group.takes_captions), None)
        return [group if group is first else replace(group, takes_captions=False) for group in found]

    def _group(self, name: str) -> Group:
        everyday: list[forms.BoundField] = []
        advanced: list[forms.BoundField] = []
        captioned = False
        for field, info in self.card.spec.model_fields.items():
            if _extra(info).get("group", "Settings") == name:
                (advanced if _extra(info).get("advanced") else everyday).append(self[field])
                captioned |= "captions" in kinds_of(_extra(info)) if _extra(info).get("reference") else False
        return Group(gettext(name), everyday, advanced, captioned)


class SeedsForm(forms.Form):
    """Which seeds to run again with."""

    seeds = forms.CharField(max_length=200, help_text=_("Whole numbers, separated by commas: 1, 2, 3."))

    def clean_seeds(self) -> list[int]:
        """The numbers."""
        try:
            return [int(part) for part in _split(self.cleaned_data["seeds"])]
        except ValueError:
            raise forms.ValidationError(_("Write whole numbers with commas between them: 1, 2, 3.")) from None


class ModelForm(forms.Form):
    """A model that runs may use."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("What people choose it by."))
    slug = forms.SlugField(
        max_length=50,
        label=_("Short name"),
        help_text=_("Names it in settings: model:SHORT-NAME."),
        error_messages={"invalid": _("Use letters, digits, hyphens and underscores only.")},
    )
    reference = forms.CharField(
        label=_("Reference"),
        max_length=500,
        help_text=_(
            "hf:NAME_OR_PATH for transformers, open_clip:NAME/PRETRAINED for open_clip; local:NAME_OR_PATH for a model"
            " that writes text."
        ),
    )
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, help_text=_("What to know about it: size, licence, source.")
    )


def spoken(card: Card) -> list[str]:
    """What the pages of a method say, in English: for the catalogue of translations."""
    said = [card.title, card.summary, *card.presets]
    for name, info in card.spec.model_fields.items():
        said += [_label(name), info.description or "", _extra(info).get("group", ""), _extra(info).get("unit", "")]
    return [text for text in dict.fromkeys(said) if text]


def setting(name: str) -> str:
    """A setting as rows name it: in English by its own name."""
    label = _label(name)
    said = gettext(label)
    return name.replace("_", " ") if said == label else said


def initial_values(card: Card, values: dict[str, Any]) -> dict[str, Any]:
    """Plain spec values as they stand in the boxes: defaults, with `values` over them."""
    shown: dict[str, Any] = {}
    for name, info in card.spec.model_fields.items():
        value = values.get(name, None if info.is_required() else info.get_default(call_default_factory=True))
        shown[name] = ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else value
    return shown


def differences(card: Card, base: dict[str, Any], values: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(setting, before, now) for every setting that differs from a preset's or a run's."""
    now, before = _plain(card, values), _plain(card, base)
    pairs = [(name, _text(before[name]), _text(now[name])) for name in now]
    return [(name, was, new) for name, was, new in pairs if not _same(was, new)]


def _plain(card: Card, values: dict[str, Any]) -> dict[str, Any]:
    """Values with the defaults filled in, as JSON has them."""
    filled = {
        name: values.get(name, None if info.is_required() else info.get_default(call_default_factory=True))
        for name, info in card.spec.model_fields.items()
    }
    return dict(json.loads(json.dumps(filled)))


def _same(was: str, new: str) -> bool:
    """Whether two settings say the same: 0.10 is 0.1."""
    try:
        return was == new or float(was) == float(new)
    except ValueError:
        return False


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return gettext("none") if value in (None, "") else str(value)


def _form_field(name: str, info: FieldInfo, project: Project) -> forms.Field:
    extra, kind = _extra(info), _inner(info.annotation)
    common: dict[str, Any] = {"label": gettext(_label(name)), "required": False, "help_text": _said(info.description)}
    field: forms.Field
    if extra.get("reference"):
        field = _reference_field(info, extra, project, common)
    elif kind is bool:
        field = forms.BooleanField(**common)
    elif typing.get_origin(kind) is Literal:
        options = [(str(value), gettext(str(value))) for value in typing.get_args(kind)]
        field = forms.ChoiceField(choices=options, **common)
    elif kind in (int, float):
        field = forms.CharField(widget=_number_box(info, kind), **common)
    else:
        field = forms.CharField(widget=forms.TextInput(attrs={"spellcheck": "false"}), **common)
    field.unit, field.bounds = _said(extra.get("unit")), _bounds(info)  # type: ignore[attr-defined]
    field.required = info.is_required() or info.get_default(call_default_factory=True) not in (None, "", [], ())
    return _lenient(field)


def _lenient(field: forms.Field) -> forms.Field:
    """Leaves refusing to the Spec; `required` stays for the label alone."""
    field.validate = lambda value: None  # type: ignore[method-assign]
    return field


def _reference_field(info: FieldInfo, extra: dict[str, Any], project: Project, common: dict[str, Any]) -> forms.Field:
    options = choices_for(project, extra)
    if _is_list(info.annotation):
        return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple, **common)
    first = gettext("Choose one") if info.is_required() else gettext("None")
    return forms.ChoiceField(choices=[("", first), *options], **common)


def _number_box(info: FieldInfo, kind: Any) -> forms.NumberInput:
    attributes: dict[str, Any] = {"step": "1" if kind is int else "any"}
    for item in info.metadata:
        for rule, attribute in (("ge", "min"), ("le", "max")):
            if getattr(item, rule, None) is not None:
                attributes[attribute] = getattr(item, rule)
    return forms.NumberInput(attrs=attributes)


def _bounds(info: FieldInfo) -> str:
    rules = {
        rule: value for item in info.metadata for rule in _BOUNDS if (value := getattr(item, rule, None)) is not None
    }
    low, high = rules.get("ge", rules.get("gt")), rules.get("le", rules.get("lt"))
    if low is None and high is None:
        return ""
    if high is None:
        return (gettext("at least %(low)s") if "ge" in rules else gettext("more than %(low)s")) % {"low": f"{low:,}"}
    if low is None:
        return (gettext("at most %(high)s") if "le" in rules else gettext("less than %(high)s")) % {"high": f"{high:,}"}
    start = f"{low:,}" if "ge" in rules else gettext("more than %(low)s") % {"low": f"{low:,}"}
    end = f"{high:,}" if "le" in rules else gettext("less than %(high)s") % {"high": f"{high:,}"}
    return gettext("%(low)s to %(high)s") % {"low": start, "high": end}


def _said(text: str | None) -> str:
    """In the reader's language where the catalogue has it."""
    return gettext(text) if text else ""


def _label(name: str) -> str:
    text = name.replace("_", " ")
    return LABELS.get(name, text[0].upper() + text[1:])


def _extra(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _options(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _inner(annotation: Any) -> Any:
    """The type behind `X | None`."""
    real = [option for option in _options(annotation) if option is not type(None)]
    return real[0] if len(real) == 1 else str


def _is_optional(annotation: Any) -> bool:
    return type(None) in _options(annotation)


def _is_text(annotation: Any) -> bool:
    return _inner(annotation) is str


def _is_list(annotation: Any) -> bool:
    return typing.get_origin(_inner(annotation)) in (list, tuple, set, frozenset)


def _split(value: Any) -> list[str]:
    if isinstance(value, str):
        value = value.replace("\n", ",").split(",")
    parts: Iterable[Any] = value or []
    return [str(part).strip() for part in parts if str(part).strip()]
