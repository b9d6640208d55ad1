"""The words of a report."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class WordsForm(forms.Form):
    """Title and words; numbers are not asked for."""

    title = forms.CharField(max_length=160, label=_("Title"))
    words = forms.CharField(
        max_length=8000, required=False, label=_("In your words"), widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What was tried, why, and what follows. Stands below the title."),
    )  # fmt: skip
