"""What is asked when captions are brought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.experiments.models import CaptionFile


class CaptionsForm(forms.Form):
    """A file, what it holds, and the data set that it belongs to where it does."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,  # said by the action, in words of its own
        widget=forms.ClearableFileInput(attrs={"accept": ".json,.jsonl,.ndjson,.txt,.csv,.tsv"}),
    )
    side = forms.ChoiceField(
        choices=CaptionFile.Side.choices,
        label=_("What it holds"),
        widget=forms.RadioSelect,
        initial="class_captions",
    )
    corpus = forms.TypedChoiceField(
        coerce=int,
        empty_value=None,
        required=False,
        label=_("Data set"),
        help_text=_("The classes or pictures that captions tell of. What is searched, and sentences, belong to none."),
    )

    def __init__(self, *args: Any, corpora: Sequence[tuple[int, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["corpus"].choices = [*corpora, ("", _("None"))]  # type: ignore[attr-defined]
