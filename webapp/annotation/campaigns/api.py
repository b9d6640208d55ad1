"""Campaigns over the API: open one, see how far it is, change it and who is in it."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns import actions, plans, queries, staff, states
from webapp.annotation.campaigns.plans import Drawn, Wish
from webapp.annotation.models import Annotator, Campaign
from webapp.annotation.taxonomies import queries as taxonomies
from webapp.annotation.taxonomies.actions import default_version
from webapp.api import checked
from webapp.experiments.cases import filters as choices
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run


class PlanIn(serializers.Serializer[Any]):
    """A sample of a run's cases. `filters` as the gallery's address has them: direction, outcome, rank, margin, …"""

    run = serializers.IntegerField(min_value=1, max_value=2**62)
    filters = serializers.DictField(child=serializers.CharField(), required=False, default=dict)
    annotators = serializers.ListField(child=serializers.CharField(max_length=150), help_text="Names of accounts.")
    size = serializers.IntegerField(default=200)
    overlap = serializers.IntegerField(default=30)
    backup = serializers.IntegerField(default=20)
    seed = serializers.IntegerField(default=0)
    stratify = serializers.ChoiceField(choices=["", "rank", "margin"], default="")
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


class Campaigns(ProjectAPIView):
    """The campaigns of a project."""

    capability = {"GET": "campaign.view", "POST": "campaign.manage"}
    serializer_class = CampaignOut

    @extend_schema(responses=CampaignRowOut(many=True), operation_id="campaigns")
    def get(self, request: Request, slug: str) -> Response:
        """All of them, newest first."""
        return Response(CampaignRowOut(queries.campaigns_of(self.project, self.person), many=True).data)

    @extend_schema(request=CampaignIn, responses={201: CampaignOut}, operation_id="campaign_open")
    def post(self, request: Request, slug: str) -> Response:
        """Open one."""
        values, now = checked(CampaignIn, request), timezone.now()
        run, filters = _run(self, values)
        chosen = values.pop("taxonomy_version")
        version = default_version(project=self.project, now=now) if chosen is None else _version(self, chosen)
        people = _people(self, values.pop("annotators"))
        made = actions.open_campaign(
            project=self.project, run=run, filters=filters, taxonomy_version=version, annotators=people,
            actor=self.person, now=now, **values,
        )  # fmt: skip
        return Response(CampaignOut(made).data, status=201)


class PlanView(ProjectAPIView):
    """A plan before it is made."""

    capability = {"POST": "campaign.manage"}
    serializer_class = PlanOut

    @extend_schema(request=PlanIn, responses=PlanOut, operation_id="campaign_plan")
    def post(self, request: Request, slug: str) -> Response:
        """What these numbers would draw; nothing is written."""
        values = checked(PlanIn, request)
        run, filters = _run(self, values)
        people = _people(self, values.pop("annotators"))
        return Response(_plan(plans.drawn_from_run(run, filters, Wish(annotators=len(people) or 1, **values))))


class CampaignDetail(ProjectAPIView):
    """One campaign."""

    capability = {"GET": "campaign.view", "PATCH": "campaign.manage"}
    serializer_class = StandingOut

    @extend_schema(responses=StandingOut, operation_id="campaign")
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """As it was planned, and how far it is."""
        return Response(_standing(_campaign(self, campaign_id)))

    @extend_schema(request=ChangeIn, responses=StandingOut, operation_id="campaign_change")
    def patch(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Rename it, take a newer version of its taxonomy, pause, finish or reopen it."""
        campaign = _campaign(self, campaign_id)
        values, now = checked(ChangeIn, request), timezone.now()
        by: dict[str, Any] = {"actor": self.person, "now": now}
        if "name" in values:
            states.rename_campaign(campaign=campaign, name=values["name"], **by)
        if "taxonomy_version" in values:
            states.use_version(campaign=campaign, version=_version(self, values["taxonomy_version"]), **by)
        if "state" in values:
            turn = {
                "open": states.reopen_campaign, "paused": states.pause_campaign, "finished": states.finish_campaign,
            }[values["state"]]  # fmt: skip
            turn(campaign=campaign, **by)
        return Response(_standing(_campaign(self, campaign_id)))


class Annotators(ProjectAPIView):
    """The annotators of a campaign."""

    capability = {"GET": "campaign.view", "POST": "campaign.manage"}
    serializer_class = AnnotatorOut

    @extend_schema(responses=AnnotatorOut(many=True), operation_id="campaign_annotators")
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """All of them, those who left too."""
        people = queries.standing_of(_campaign(self, campaign_id)).people
        return Response(AnnotatorOut(people, many=True).data)

    @extend_schema(request=JoinIn, responses={201: AnnotatorOut}, operation_id="campaign_annotator_add")
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Let somebody join."""
        campaign, values = _campaign(self, campaign_id), checked(JoinIn, request)
        (user,) = _people(self, [values["username"]])
        row = staff.add_annotator(
            campaign=campaign, user=user, quota=values["quota"], actor=self.person, now=timezone.now()
        )
        return Response(_person(campaign, row), status=201)


class AnnotatorDetail(ProjectAPIView):
    """One annotator of a campaign."""

    capability = {"PATCH": "campaign.manage", "DELETE": "campaign.manage"}
    serializer_class = AnnotatorOut

    @extend_schema(request=QuotaIn, responses=AnnotatorOut, operation_id="campaign_annotator_quota")
    def patch(self, request: Request, slug: str, campaign_id: int, annotator_id: int) -> Response:
        """Change the quota."""
        row, values = _annotator(self, campaign_id, annotator_id), checked(QuotaIn, request)
        staff.set_quota(annotator=row, quota=values["quota"], actor=self.person, now=timezone.now())
        return Response(_person(row.campaign, row))

    @extend_schema(responses=AnnotatorOut, operation_id="campaign_annotator_remove")
    def delete(self, request: Request, slug: str, campaign_id: int, annotator_id: int) -> Response:
        """Let them go; their answers stay."""
        row = _annotator(self, campaign_id, annotator_id)
        staff.remove_annotator(annotator=row, actor=self.person, now=timezone.now())
        return Response(_person(row.campaign, row))


class Reminders(ProjectAPIView):
    """Reminders of an annotator."""

    capability = {"POST": "campaign.manage"}
    serializer_class = ReminderIn

    @extend_schema(request=ReminderIn, responses={201: ReminderIn}, operation_id="campaign_remind")
    def post(self, request: Request, slug: str, campaign_id: int, annotator_id: int) -> Response:
        """Remind them in the page."""
        row, values = _annotator(self, campaign_id, annotator_id), checked(ReminderIn, request)
        sent = staff.remind(annotator=row, text=values["text"], actor=self.person, now=timezone.now())
        return Response({"text": sent.text}, status=201)


class Replacements(ProjectAPIView):
    """Samples that are taken out."""

    capability = {"POST": "campaign.manage"}
    serializer_class = ReplacedOut

    @extend_schema(request=ReplaceIn, responses=ReplacedOut, operation_id="campaign_replace")
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Take a sample out; the next of the backup takes its place."""
        campaign, values = _campaign(self, campaign_id), checked(ReplaceIn, request)
        task = queries.task_of(campaign, values["idx"])
        if task is None:
            raise BadInput(f"No sample of this campaign is called “{values['idx'][:40]}”.", field="idx")
        fresh = actions.replace_unusable(task=task, reason=values["reason"], actor=self.person, now=timezone.now())
        return Response({"idx": task.idx, "replacement": fresh.idx if fresh else None})


def _campaign(view: ProjectAPIView, campaign_id: int) -> Campaign:
    found = queries.campaign_of(view.project, campaign_id)
    if found is None:
        raise Http404
    return found


def _annotator(view: ProjectAPIView, campaign_id: int, annotator_id: int) -> Annotator:
    row = queries.annotator_of(_campaign(view, campaign_id), annotator_id)
    if row is None:
        raise Http404
    return row


def _version(view: ProjectAPIView, version_id: int) -> Any:
    found = taxonomies.version_of(view.project, version_id) if version_id > 0 else None
    if found is None:
        raise BadInput("This project has no such version of a taxonomy.", field="taxonomy_version")
    return found


def _people(view: ProjectAPIView, names: list[str]) -> list[Any]:
    known = {row.user.username: row.user for row in queries.labellers(view.project)}
    if missing := [name for name in names if name not in known]:
        raise BadInput(f"{', '.join(missing)} may not label in this project.", field="annotators")
    return [known[name] for name in names]


def _run(view: ProjectAPIView, values: dict[str, Any]) -> tuple[Run, Filters]:
    run = cases.run_of(view.project, values.pop("run"))
    if run is None:
        raise BadInput("This project has no such run.", field="run")
    asked = values.pop("filters")
    filters, problems = choices.read(asked, cases.directions_of(run))
    problems |= {name: "No such filter." for name in asked if name not in choices.NAMES}
    if problems:
        raise serializers.ValidationError({f"filters.{name}": [text] for name, text in problems.items()})
    return run, filters


def _plan(drawn: Drawn) -> dict[str, Any]:
    body = {
        "population": drawn.population, "groups": drawn.groups, "strata": drawn.table, "answers": drawn.answers,
        "share": drawn.share,
    }  # fmt: skip
    return dict(PlanOut(body).data)


def _standing(campaign: Campaign) -> dict[str, Any]:
    standing = queries.standing_of(campaign)
    more = {
        name: getattr(standing, name)
        for name in ("done", "total", "surplus", "backup_left", "overlap_complete", "overlap_total")
    }
    return {**CampaignOut(campaign).data, **more, "annotators": AnnotatorOut(standing.people, many=True).data}


def _person(campaign: Campaign, row: Annotator) -> dict[str, Any]:
    people = queries.standing_of(campaign).people
    return dict(AnnotatorOut(next(person for person in people if person.id == row.pk)).data)
