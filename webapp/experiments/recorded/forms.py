"""What is asked when captions are brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.experiments.models import CaptionFile


class CaptionsForm(forms.Form):
    """A file, the data set that it belongs to, and what it captions."""

    file = forms.FileField(
        label=_("JSON file"),
        allow_empty_file=True,  # said by the action, in words of its own
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
    )
    corpus = forms.TypedChoiceField(
        coerce=int, label=_("Data set"), help_text=_("The classes or pictures that are told of.")
    )
    side = forms.ChoiceField(
        choices=CaptionFile.Side.choices,
        label=_("What is captioned"),
        widget=forms.RadioSelect,
        initial="class_captions",
    )

    def __init__(self, *args: Any, corpora: Sequence[tuple[int, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["corpus"].choices = corpora  # type: ignore[attr-defined]
