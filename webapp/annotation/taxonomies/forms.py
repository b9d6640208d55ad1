"""What is asked about a taxonomy beside its boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class NewForm(forms.Form):
    """A taxonomy to begin."""

    name = forms.CharField(max_length=120, label=_("Name"))
    begin = forms.ChoiceField(label=_("Begin with"))

    def __init__(self, *args: object, versions: list[tuple[str, str]], **kwargs: object):
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["begin"].choices = versions  # type: ignore[attr-defined]


class FileForm(forms.Form):
    """A taxonomy out of a file."""

    file = forms.FileField(label=_("File"), widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}))
    import_name = forms.CharField(
        max_length=120, required=False, label=_("Name"), help_text=_("Empty: as the file has it.")
    )


class ExampleForm(forms.Form):
    """Which picture of a case is to be an example, and of what."""

    side = forms.ChoiceField(label=_("Picture"), widget=forms.RadioSelect)
    choice = forms.ChoiceField(label=_("Example of"))
    note = forms.CharField(max_length=300, required=False, label=_("Note"), help_text=_("Shown under the picture."))

    def __init__(
        self,
        *args: Any,
        sides: Sequence[tuple[str, str]],
        choices: Sequence[tuple[str, Sequence[tuple[str, str]]]],
        **kwargs: Any,
    ):
        """`choices`: (a taxonomy's name, [("its id:a key", words)])."""
        super().__init__(*args, **kwargs)
        self.fields["side"].choices = sides  # type: ignore[attr-defined]
        self.fields["choice"].choices = choices  # type: ignore[attr-defined]
