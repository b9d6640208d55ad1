"""What is asked when a campaign is opened or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Membership
from webapp.annotation.campaigns.plans import MOST, POOL, Wish

STRATA = [("", _("No strata")), ("rank", _("By rank of the right answer")), ("margin", _("By margin of the score"))]
FILE_STRATA = [("", _("No strata")), ("file", _("As the file has them"))]
MODES = [
    ("shares", _("Fixed shares: everybody has their own items from the start")),
    ("pool", _("Shared pool: whoever comes takes the next")),
]
NUMBERS = ("size", "overlap", "backup", "seed", "stratify", "mode")


class CampaignForm(forms.Form):
    """The plan, the people, and how the labelling page behaves."""

    name = forms.CharField(max_length=120, label=_("Name"), help_text=_("How people find it."))
    run = forms.TypedChoiceField(coerce=int, label=_("Run"), help_text=_("Its cases are what is labelled."))
    taxonomy = forms.ChoiceField(
        label=_("Taxonomy"), help_text=_("The version of today; a later one does not change open work by itself.")
    )
    annotators = forms.TypedMultipleChoiceField(
        coerce=int, label=_("Annotators"), widget=forms.CheckboxSelectMultiple, help_text=_("Members who may label.")
    )
    size = forms.IntegerField(
        min_value=1, max_value=MOST, initial=200, label=_("Size"), help_text=_("Samples in all, the backup included.")
    )
    overlap = forms.IntegerField(
        min_value=0,
        max_value=MOST,
        initial=30,
        label=_("Overlap"),
        help_text=_("Everybody labels these: agreement is measured on them. Below 30 its intervals are wide."),
    )
    backup = forms.IntegerField(
        min_value=0,
        max_value=MOST,
        initial=20,
        label=_("Backup"),
        help_text=_("Kept in reserve: one takes the place of each sample that cannot be labelled."),
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        initial=0,
        label=_("Seed"),
        help_text=_("The same seed draws the same samples."),
    )
    stratify = forms.ChoiceField(
        choices=STRATA,
        required=False,
        label=_("Strata"),
        help_text=_("With strata every kind of failure is drawn in proportion, near misses and far ones alike."),
    )
    mode = forms.ChoiceField(choices=MODES, initial="shares", label=_("Who gets what"), widget=forms.RadioSelect)
    quota = forms.IntegerField(
        min_value=1,
        max_value=MOST,
        required=False,
        label=_("Quota of each annotator"),
        help_text=_("In a shared pool: nobody answers more than this."),
    )
    blind = forms.BooleanField(required=False, label=_("Blind: which picture is which shows after the first choice"))
    submit_on_choice = forms.BooleanField(required=False, label=_("A category key submits at once"))
    ask_confidence = forms.BooleanField(required=False, label=_("Ask how sure people are"))
    show_gold_feedback = forms.BooleanField(required=False, label=_("Tell people at once how gold items came out"))
    simulated = forms.BooleanField(required=False, label=_("Simulated: a program labels; every page says so"))
    instructions = forms.CharField(
        required=False,
        max_length=4000,
        label=_("Instructions"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What holds in this campaign beside the guide."),
    )

    def __init__(
        self,
        *args: Any,
        runs: Sequence[tuple[int, str]] | None,
        versions: Sequence[tuple[str, str]],
        members: Sequence[Membership],
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        people = [(row.user_id, f"{row.user.username} ({row.get_role_display().lower()})") for row in members]
        if runs is None:  # samples that came in a file
            del self.fields["run"]
            self.fields["stratify"].choices = FILE_STRATA  # type: ignore[attr-defined]
        for name, choices in (("run", runs), ("taxonomy", versions), ("annotators", people)):
            if name in self.fields:
                self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields["stratify"].optional_note = ""  # type: ignore[attr-defined]

    @property
    def plan_fields(self) -> list[Any]:
        """The fields that the plan is made of."""
        return [self[name] for name in ("size", "overlap", "backup", "seed", "stratify")]

    @property
    def page_fields(self) -> list[Any]:
        """How the labelling page behaves."""
        return [
            self[name] for name in ("blind", "submit_on_choice", "ask_confidence", "show_gold_feedback", "simulated")
        ]

    def wish(self) -> Wish | None:
        """The numbers, wherever the rest stands; None where one of them is wrong."""
        if any(name in self.errors for name in NUMBERS):
            return None
        values: Mapping[str, Any] = self.cleaned_data
        people = len(values.get("annotators") or ()) or 1
        return Wish(annotators=people, **{name: values[name] for name in NUMBERS})

    def clean(self) -> dict[str, Any]:
        """A quota is for pools."""
        given = super().clean() or {}
        if given.get("quota") and given.get("mode") != POOL:
            given["quota"] = None
        return given


class UploadForm(forms.Form):
    """A zip of samples."""

    file = forms.FileField(
        label=_("Zip file"),
        help_text=_("One CSV and the pictures that it names."),
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )


class JoinForm(forms.Form):
    """Somebody to join."""

    user = forms.TypedChoiceField(coerce=int, label=_("Who"))

    def __init__(self, *args: Any, people: Sequence[tuple[int, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = people  # type: ignore[attr-defined]


class QuotaForm(forms.Form):
    """A new quota; empty for none."""

    quota = forms.IntegerField(min_value=0, max_value=MOST, required=False, label=_("Quota"))


class ReminderForm(forms.Form):
    """What a reminder says."""

    text = forms.CharField(max_length=400, required=False, label=_("Message"))


class ChangeForm(forms.Form):
    """What is to become of a campaign."""

    do = forms.ChoiceField(
        choices=[(name, name) for name in ("pause", "finish", "reopen", "rename", "version", "replace")]
    )
    name = forms.CharField(max_length=120, required=False)
    version = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    idx = forms.CharField(max_length=120, required=False)
    reason = forms.CharField(max_length=300, required=False)
