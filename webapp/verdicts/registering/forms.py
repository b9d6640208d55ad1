"""The forms of registrations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from ml_core.spec import BadInput
from webapp.accounts.models import Project, User
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.verdicts.registering import queries
from webapp.verdicts.registering.planning import lines_of, methods

DEPTHS = [("recall@1", "Recall@1"), ("recall@5", "Recall@5"), ("recall@10", "Recall@10")]


class RegisterForm(forms.Form):
    """Everything that is said before looking, in the words of people: effects in points."""

    use_required_attribute = False

    title = forms.CharField(max_length=160, label=_("What is expected"), help_text=_("One sentence, as a claim."))
    baseline = forms.TypedChoiceField(
        coerce=int, label=_("Baseline"), help_text=_("A finished run to be held against.")
    )
    method = forms.ChoiceField(label=_("Method of the new run"))
    settings = forms.CharField(
        required=False,
        label=_("Its settings"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}),
        help_text=_(
            "What is fixed now, one a line: templates = mixed. The first run that fits is the one that counts."
        ),
    )
    direction = forms.ChoiceField(label=_("Direction"))
    slice = forms.ChoiceField(
        label=_("Queries"),
        help_text=_(
            "Labelled failures of the baseline can only get better: there the comparison needs a control run beside it."
        ),
    )
    metric = forms.ChoiceField(choices=DEPTHS, label=_("Metric"))
    smallest_effect = forms.FloatField(
        label=_("Smallest effect of interest"),
        min_value=-100,
        max_value=100,
        help_text=_("In points of the metric: 1 is one query of a hundred more. Negative for a loss."),
    )
    broken_share = forms.FloatField(
        required=False,
        label=_("Expected to break"),
        min_value=0,
        max_value=50,
        initial=0,
        help_text=_("In points: what goes wrong on the way makes an effect harder to see."),
    )
    n = forms.IntegerField(
        required=False,
        label=_("Number of queries"),
        min_value=1,
        max_value=100_000_000,
        help_text=_("Empty: as many as there are. Wanted where the labels are yet to come."),
    )
    stopping_rule = forms.CharField(
        max_length=2000,
        label=_("When to stop"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One run on every query, or: label until so many of the category are found."),
    )

    def __init__(self, project: Project, person: User, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.project = project
        names = [(key, _now(card.title)) for key, card in methods().items()]
        chosen: dict[str, list[Any]] = {
            "baseline": queries.baselines(project),
            "method": names,
            "direction": list(DIRECTIONS.items()),
            "slice": queries.slices(project, person),
        }
        for name, options in chosen.items():
            self.fields[name].choices = options  # type: ignore[attr-defined]

    def clean_settings(self) -> dict[str, str]:
        """The lines as a mapping."""
        try:
            return lines_of(self.cleaned_data["settings"])
        except BadInput as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean_smallest_effect(self) -> float:
        """As a share."""
        return round(float(self.cleaned_data["smallest_effect"]) / 100, 8)

    def clean_broken_share(self) -> float:
        """As a share."""
        return round(float(self.cleaned_data.get("broken_share") or 0) / 100, 8)


class PowerForm(forms.Form):
    """What the power of a planned comparison rests on, as it stands in the boxes; in points."""

    smallest_effect = forms.FloatField(min_value=-100, max_value=100)
    broken_share = forms.FloatField(required=False, min_value=0, max_value=50)
    n = forms.IntegerField(required=False, min_value=1, max_value=100_000_000)
    baseline = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    direction = forms.ChoiceField(required=False, choices=list(DIRECTIONS.items()))
    slice = forms.CharField(required=False, max_length=80)


class WithdrawForm(forms.Form):
    """Why it is taken back."""

    reason = forms.CharField(max_length=2000, label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}))
