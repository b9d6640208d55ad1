"""The form that takes a file of labels."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.annotation.exchange.accounts import LONGEST
from webapp.annotation.exchange.queries import Person


class AccountsForm(forms.Form):
    """Under whose names answers go to Label Studio."""

    accounts = forms.CharField(
        required=False,
        max_length=LONGEST,
        label=_("Members of Label Studio"),
        help_text=_("A=ann@example.org, B=bob@example.org. Without, the answers are taken as the importer's."),
    )


class FileForm(forms.Form):
    """A filled-in sheet, JSON lines or Label Studio's JSON, and whose answers it holds."""

    annotator = forms.ChoiceField(
        required=False,
        label=_("Whose answers"),
        help_text=_("A sheet does not say. JSON files do; choose somebody to take only theirs."),
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, .xlsx, JSON lines (.jsonl) or Label Studio's export (.json)."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.jsonl,.ndjson,.json"}),
    )
    accounts = forms.CharField(
        required=False,
        max_length=LONGEST,
        label=_("Accounts of Label Studio"),
        help_text=_("Whose each account is, by its number or e-mail address: 11=A, 12=B."),
    )
    replace = forms.BooleanField(
        required=False,
        label=_("Replace answers that differ"),
        help_text=_("Otherwise an answer that stands already stays, and the report names the row."),
    )

    def __init__(self, *args: Any, people: list[Person], **more: Any):
        super().__init__(*args, **more)
        named = [(row.letter, f"{row.letter} · {row.name}") for row in people]
        self.fields["annotator"].choices = [("", _("As the file says")), *named]  # type: ignore[attr-defined]
