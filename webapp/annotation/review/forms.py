"""Forms of reviewers."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    """What settles a sample."""

    category = forms.CharField(max_length=40, error_messages={"required": _("Choose a category.")})
    subtype = forms.CharField(max_length=40, required=False)
    reason = forms.CharField(max_length=4000, required=False, label=_("Reason"), widget=forms.Textarea)
    key = forms.UUIDField(error_messages={"required": _("Load the page again.")})


class GoldForm(forms.Form):
    """A planted truth; no category takes it back."""

    category = forms.CharField(max_length=40, required=False)
    subtype = forms.CharField(max_length=40, required=False)
    explanation = forms.CharField(max_length=400, required=False)
