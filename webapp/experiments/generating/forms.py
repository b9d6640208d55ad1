"""The form of the model endpoint."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class EndpointForm(forms.Form):
    """Address, key and models. The key is written, never shown."""

    base_url = forms.CharField(
        label=_("Address"),
        max_length=500,
        required=False,
        help_text=_(
            "Of an OpenAI-compatible endpoint, like https://api.example.org/v1. Another address clears the key."
        ),
    )
    key = forms.CharField(
        label=_("Key"),
        required=False,
        max_length=4000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("It is kept sealed and never shown again. Leave it empty to keep the one there is."),
    )
    models = forms.CharField(
        label=_("Models"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("The names that the endpoint knows them by, one a line. Runs choose among these."),
    )

    def clean_models(self) -> list[str]:
        """The lines."""
        return [line.strip() for line in self.cleaned_data["models"].splitlines() if line.strip()]
