"""What is asked about a taxonomy beside its boxes."""

from __future__ import annotations

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
