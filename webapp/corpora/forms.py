"""Forms of imports: what the data set is called, how its source is read, where it comes from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.corpora.actions.imports import FORMATS, SCENES_MOST

_MOST = 10_000_000


class NameForm(forms.Form):
    """What every import asks."""

    name = forms.CharField(max_length=120, label=_("Name"), help_text=_("How people find it in lists and forms."))


class SourceForm(NameForm):
    """How a folder or a zip is read."""

    format = forms.ChoiceField(
        choices=list(FORMATS.items()),
        initial="auto",
        label=_("Format"),
        help_text=_("Found out from the files unless said."),
    )
    sample = forms.IntegerField(
        min_value=1,
        max_value=_MOST,
        required=False,
        label=_("Sample"),
        help_text=_("So many pictures, chosen by a hash of seed and picture id. Empty: all."),
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False, label=_("Seed of the sample"))
    split = forms.RegexField(
        r"^[\w.-]*$",
        max_length=60,
        required=False,
        label=_("Split"),
        help_text=_("Where the source holds several, for example val2017."),
    )
    domain = forms.CharField(
        max_length=120,
        required=False,
        label=_("Domain phrase"),
        help_text=_("For class prompts, for example “a satellite photo”. Image folders only."),
    )

    def options(self) -> dict[str, Any]:
        """The reader's options."""
        values = self.cleaned_data
        sample = values["sample"]
        return {
            "sample": sample,
            "seed": (values["seed"] or 0) if sample else None,
            "split": values["split"],
            "domain": values["domain"],
        }


class UploadForm(SourceForm):
    """A zip from this computer."""

    file = forms.FileField(
        label=_("Zip file"),
        allow_empty_file=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )

    field_order = ["file", "name", "format", "sample", "seed", "split", "domain"]


class ScenesForm(NameForm):
    """Scenes drawn by code."""

    count = forms.IntegerField(
        min_value=1,
        max_value=SCENES_MOST,
        initial=500,
        label=_("Scenes"),
        help_text=_("Five captions are written for each."),
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        initial=7,
        label=_("Seed"),
        help_text=_("The same seed draws the same scenes."),
    )


class RootForm(forms.Form):
    """A server folder to open for imports."""

    name = forms.CharField(max_length=80, label=_("Name"), help_text=_("What people see in place of the path."))
    path = forms.CharField(
        max_length=1000, label=_("Folder"), help_text=_("The whole path on the server, such as /srv/data.")
    )
