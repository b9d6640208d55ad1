"""What the API of campaigns takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from webapp.annotation.campaigns import plans
from webapp.annotation.models import Campaign


class PlanIn(serializers.Serializer[Any]):
    """A sample of a run's cases, or of an upload's samples.

    `filters` as the gallery's address has them: direction, outcome, rank, margin, …; strata are by rank or margin for
    a run, “file” for an upload.
    """

    run = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    upload = serializers.CharField(required=False, max_length=64, help_text="The digest of an upload.")
    filters = serializers.DictField(child=serializers.CharField(), required=False, default=dict)
    annotators = serializers.ListField(child=serializers.CharField(max_length=150), help_text="Names of accounts.")
    size = serializers.IntegerField(default=200)
    overlap = serializers.IntegerField(default=30)
    backup = serializers.IntegerField(default=20)
    seed = serializers.IntegerField(default=0)
    stratify = serializers.ChoiceField(choices=["", "rank", "margin", "file"], default="")
    mode = serializers.ChoiceField(choices=Campaign.Mode.choices, default="shares")


class CampaignIn(PlanIn):
    """A campaign to be opened. Without `taxonomy_version` the project's default taxonomy is used."""

    name = serializers.CharField(max_length=120)
    taxonomy_version = serializers.IntegerField(required=False, allow_null=True, default=None)
    quota = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    blind = serializers.BooleanField(default=False)
    submit_on_choice = serializers.BooleanField(default=False)
    ask_confidence = serializers.BooleanField(default=False)
    show_gold_feedback = serializers.BooleanField(default=False)
    simulated = serializers.BooleanField(default=False)
    instructions = serializers.CharField(default="", allow_blank=True, max_length=4000)


class UploadIn(serializers.Serializer[Any]):
    """A zip of one CSV (`caption`, `gt`, `pred`, `idx`, `stratum`, `kind`) and the pictures that it names."""

    file = serializers.FileField()


class UploadProblemOut(serializers.Serializer[Any]):
    """A row that was left out, as a spreadsheet counts them."""

    row = serializers.IntegerField()
    detail = serializers.CharField()


class UploadOut(serializers.Serializer[Any]):
    """What a zip holds; a campaign is opened on it by its digest."""

    digest = serializers.CharField()
    name = serializers.CharField()
    samples = serializers.IntegerField()
    problems = UploadProblemOut(many=True)


class StratumOut(serializers.Serializer[Any]):
    """A stratum and what is drawn from it."""

    name = serializers.CharField()
    words = serializers.CharField()
    population = serializers.IntegerField()
    sampled = serializers.IntegerField()


class PlanOut(serializers.Serializer[Any]):
    """What would be drawn."""

    population = serializers.IntegerField()
    groups = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    strata = StratumOut(many=True)
    answers = serializers.IntegerField(help_text="Answers wanted in all.")
    share = serializers.IntegerField(help_text="Samples of each annotator's own.")


class AnnotatorOut(serializers.Serializer[Any]):
    """An annotator and how far they are."""

    id = serializers.IntegerField()
    letter = serializers.CharField()
    name = serializers.CharField()
    here = serializers.BooleanField()
    quota = serializers.IntegerField(allow_null=True)
    held = serializers.IntegerField()
    answered = serializers.IntegerField()
    skipped = serializers.IntegerField()
    waiting = serializers.IntegerField()
    surplus = serializers.IntegerField()
    first_choice = serializers.FloatField(allow_null=True, help_text="Median seconds to the first choice.")
    last_at = serializers.DateTimeField(allow_null=True)


class CampaignOut(serializers.ModelSerializer[Campaign]):
    """A campaign as it was planned."""

    class Meta:
        model = Campaign
        fields = (
            "id", "name", "state", "mode", "taxonomy_version", "run", "corpus", "source", "plan", "strata",
            "population", "blind", "submit_on_choice", "ask_confidence", "show_gold_feedback", "simulated",
            "instructions", "created_at", "finished_at",
        )  # fmt: skip


class StandingOut(CampaignOut):
    """A campaign and how far it is."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()
    surplus = serializers.IntegerField()
    backup_left = serializers.IntegerField()
    overlap_complete = serializers.IntegerField()
    overlap_total = serializers.IntegerField()
    annotators = AnnotatorOut(many=True)

    class Meta(CampaignOut.Meta):
        fields = (  # type: ignore[assignment]
            *CampaignOut.Meta.fields, "done", "total", "surplus", "backup_left", "overlap_complete", "overlap_total",
            "annotators",
        )  # fmt: skip


class CampaignRowOut(serializers.Serializer[Any]):
    """A campaign in the list."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    mode = serializers.CharField()
    simulated = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    people = serializers.IntegerField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class ChangeIn(serializers.Serializer[Any]):
    """What is to be changed, each by itself or together: name first, then version, then state."""

    name = serializers.CharField(max_length=120, required=False)
    taxonomy_version = serializers.IntegerField(required=False)
    state = serializers.ChoiceField(choices=Campaign.State.choices, required=False)


class JoinIn(serializers.Serializer[Any]):
    """Somebody to join."""

    username = serializers.CharField(max_length=150)
    quota = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class QuotaIn(serializers.Serializer[Any]):
    """A new quota; null for none."""

    quota = serializers.IntegerField(allow_null=True, min_value=0, max_value=plans.MOST)


class ReminderIn(serializers.Serializer[Any]):
    """What a reminder says."""

    text = serializers.CharField(max_length=400, default="", allow_blank=True)


class ReplaceIn(serializers.Serializer[Any]):
    """A sample that cannot be labelled."""

    idx = serializers.CharField(max_length=120)
    reason = serializers.CharField(max_length=300, default="taken out")


class ReplacedOut(serializers.Serializer[Any]):
    """What took its place; null where the backup is used up."""

    idx = serializers.CharField()
    replacement = serializers.CharField(allow_null=True)
