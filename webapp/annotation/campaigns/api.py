"""Campaigns over the API: open one, see how far it is, change it and who is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns import actions, plans, queries, staff, states, uploads
from webapp.annotation.campaigns import serializers as shapes
from webapp.annotation.campaigns.found import campaign_or_404
from webapp.annotation.campaigns.plans import Drawn, Wish
from webapp.annotation.models import Annotator, Campaign, TaxonomyVersion
from webapp.annotation.taxonomies import queries as taxonomies
from webapp.annotation.taxonomies.actions import default_version
from webapp.api import checked
from webapp.corpora.actions.uploads import refuse_larger
from webapp.experiments.cases import filters as choices
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.filters import Filters
from webapp.experiments.models import Run


class Campaigns(ProjectAPIView):
    """The campaigns of a project."""

    capability = {"GET": "campaign.view", "POST": "campaign.manage"}
    serializer_class = shapes.CampaignOut

    @extend_schema(responses=shapes.CampaignRowOut(many=True), operation_id="campaigns")
    def get(self, request: Request, slug: str) -> Response:
        """All of them, newest first."""
        return Response(shapes.CampaignRowOut(queries.campaigns_of(self.project, self.person), many=True).data)

    @extend_schema(request=shapes.CampaignIn, responses={201: shapes.CampaignOut}, operation_id="campaign_open")
    def post(self, request: Request, slug: str) -> Response:
        """Open one."""
        values, now = checked(shapes.CampaignIn, request), timezone.now()
        source = _source(self, values)
        chosen = values.pop("taxonomy_version")
        version = self._default(source, now) if chosen is None else _version(self, chosen)
        people = _people(self, values.pop("annotators"))
        made = source.opened(
            project=self.project, taxonomy_version=version, annotators=people, actor=self.person, now=now, **values
        )
        return Response(shapes.CampaignOut(made).data, status=201)

    def _default(self, source: _Source, now: datetime) -> TaxonomyVersion:
        return default_version(project=self.project, now=now, direction=source.direction)


class PlanView(ProjectAPIView):
    """A plan before it is made."""

    capability = {"POST": "campaign.manage"}
    serializer_class = shapes.PlanOut

    @extend_schema(request=shapes.PlanIn, responses=shapes.PlanOut, operation_id="campaign_plan")
    def post(self, request: Request, slug: str) -> Response:
        """What these numbers would draw; nothing is written."""
        values = checked(shapes.PlanIn, request)
        source = _source(self, values)
        people = _people(self, values.pop("annotators"))
        return Response(_plan(source.drawn(Wish(annotators=len(people) or 1, **values))))


class Uploads(ProjectAPIView):
    """Samples that come in files."""

    capability = {"POST": "campaign.manage"}
    parser_classes = (MultiPartParser,)
    serializer_class = shapes.UploadOut

    @extend_schema(
        request={"multipart/form-data": shapes.UploadIn},
        responses={201: shapes.UploadOut},
        operation_id="campaign_upload",
    )
    def post(self, request: Request, slug: str) -> Response:
        """Send a zip of samples, which is looked at; sent twice it is kept once. Unused, it goes after a day."""
        refuse_larger(request, uploads.MOST_BYTES)
        file = checked(shapes.UploadIn, request)["file"]
        kept = uploads.keep(self.project, str(file.name), file)
        problems = [{"row": row, "detail": text} for row, text in kept.problems]
        body = {"digest": kept.digest, "name": kept.name, "samples": len(kept.samples), "problems": problems}
        return Response(shapes.UploadOut(body).data, status=201)


class CampaignDetail(ProjectAPIView):
    """One campaign."""

    capability = {"GET": "campaign.view", "PATCH": "campaign.manage"}
    serializer_class = shapes.StandingOut

    @extend_schema(responses=shapes.StandingOut, operation_id="campaign")
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """As it was planned, and how far it is."""
        return Response(_standing(campaign_or_404(self.project, campaign_id)))

    @extend_schema(request=shapes.ChangeIn, responses=shapes.StandingOut, operation_id="campaign_change")
    def patch(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Rename it, take a newer version of its taxonomy, pause, finish or reopen it."""
        campaign = campaign_or_404(self.project, campaign_id)
        values, now = checked(shapes.ChangeIn, request), timezone.now()
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
        return Response(_standing(campaign_or_404(self.project, campaign_id)))


class Annotators(ProjectAPIView):
    """The annotators of a campaign."""

    capability = {"GET": "campaign.view", "POST": "campaign.manage"}
    serializer_class = shapes.AnnotatorOut

    @extend_schema(responses=shapes.AnnotatorOut(many=True), operation_id="campaign_annotators")
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """All of them, those who left too."""
        people = queries.standing_of(campaign_or_404(self.project, campaign_id)).people
        return Response(shapes.AnnotatorOut(people, many=True).data)

    @extend_schema(request=shapes.JoinIn, responses={201: shapes.AnnotatorOut}, operation_id="campaign_annotator_add")
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Let somebody join."""
        campaign, values = campaign_or_404(self.project, campaign_id), checked(shapes.JoinIn, request)
        (user,) = _people(self, [values["username"]])
        row = staff.add_annotator(
            campaign=campaign, user=user, quota=values["quota"], actor=self.person, now=timezone.now()
        )
        return Response(_person(campaign, row), status=201)


class AnnotatorDetail(ProjectAPIView):
    """One annotator of a campaign."""

    capability = {"PATCH": "campaign.manage", "DELETE": "campaign.manage"}
    serializer_class = shapes.AnnotatorOut

    @extend_schema(request=shapes.QuotaIn, responses=shapes.AnnotatorOut, operation_id="campaign_annotator_quota")
    def patch(self, request: Request, slug: str, campaign_id: int, annotator_id: int) -> Response:
        """Change the quota."""
        row, values = _annotator(self, campaign_id, annotator_id), checked(shapes.QuotaIn, request)
        staff.set_quota(annotator=row, quota=values["quota"], actor=self.person, now=timezone.now())
        return Response(_person(row.campaign, row))

    @extend_schema(responses=shapes.AnnotatorOut, operation_id="campaign_annotator_remove")
    def delete(self, request: Request, slug: str, campaign_id: int, annotator_id: int) -> Response:
        """Let them go; their answers stay."""
        row = _annotator(self, campaign_id, annotator_id)
        staff.remove_annotator(annotator=row, actor=self.person, now=timezone.now())
        return Response(_person(row.campaign, row))


class Reminders(ProjectAPIView):
    """Reminders of an annotator."""

    capability = {"POST": "campaign.manage"}
    serializer_class = shapes.ReminderIn

    @extend_schema(request=shapes.ReminderIn, responses={201: shapes.ReminderIn}, operation_id="campaign_remind")
    def post(self, request: Request, slug: str, campaign_id: int, annotator_id: int) -> Response:
        """Remind them in the page."""
        row, values = _annotator(self, campaign_id, annotator_id), checked(shapes.ReminderIn, request)
        sent = staff.remind(annotator=row, text=values["text"], actor=self.person, now=timezone.now())
        return Response({"text": sent.text}, status=201)


class Replacements(ProjectAPIView):
    """Samples that are taken out."""

    capability = {"POST": "campaign.manage"}
    serializer_class = shapes.ReplacedOut

    @extend_schema(request=shapes.ReplaceIn, responses=shapes.ReplacedOut, operation_id="campaign_replace")
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Take a sample out; the next of the backup takes its place."""
        campaign, values = campaign_or_404(self.project, campaign_id), checked(shapes.ReplaceIn, request)
        task = queries.task_of(campaign, values["idx"])
        if task is None:
            said = _("No sample of this campaign is called “%(idx)s”.") % {"idx": values["idx"][:40]}
            raise BadInput(said, field="idx")
        fresh = actions.replace_unusable(task=task, reason=values["reason"], actor=self.person, now=timezone.now())
        return Response({"idx": task.idx, "replacement": fresh.idx if fresh else None})


def _annotator(view: ProjectAPIView, campaign_id: int, annotator_id: int) -> Annotator:
    row = queries.annotator_of(campaign_or_404(view.project, campaign_id), annotator_id)
    if row is None:
        raise Http404
    return row


def _version(view: ProjectAPIView, version_id: int) -> Any:
    found = taxonomies.version_of(view.project, version_id) if version_id > 0 else None
    if found is None:
        raise BadInput(_("This project has no such version of a taxonomy."), field="taxonomy_version")
    return found


def _people(view: ProjectAPIView, names: list[str]) -> list[Any]:
    known = {row.user.username: row.user for row in queries.labellers(view.project)}
    if missing := [name for name in names if name not in known]:
        raise BadInput(_("%(who)s may not label in this project.") % {"who": ", ".join(missing)}, field="annotators")
    return [known[name] for name in names]


@dataclass(frozen=True)
class _Source:
    """What is labelled: how a wish is drawn from it, and how a campaign is opened on it."""

    drawn: Callable[[Wish], Drawn]
    opened: Callable[..., Campaign]
    direction: str = ""


def _source(view: ProjectAPIView, values: dict[str, Any]) -> _Source:
    """The run or the upload that the values name; what named it is taken out of them."""
    run_id, digest, asked = values.pop("run", None), values.pop("upload", None), values.pop("filters")
    if (run_id is None) == (digest is None):
        raise BadInput(_("Name either a run or an upload."), field="run")
    if digest is None:
        run, filters = _run(view, run_id, asked)
        return _Source(
            partial(plans.drawn_from_run, run, filters),
            partial(actions.open_campaign, run=run, filters=filters),
            filters.direction,
        )
    upload = uploads.kept_upload(view.project, digest)
    if upload is None:
        raise BadInput(_("This project has no such upload."), field="upload")
    if asked:
        raise BadInput(_("Filters are for the cases of a run."), field="filters")
    return _Source(partial(plans.drawn_from_upload, upload), partial(actions.open_uploaded, upload=upload))


def _run(view: ProjectAPIView, run_id: int, asked: dict[str, str]) -> tuple[Run, Filters]:
    run = cases.run_of(view.project, run_id)
    if run is None:
        raise BadInput(_("This project has no such run."), field="run")
    filters, problems = choices.read(asked, cases.directions_of(run))
    problems |= {name: _("No such filter.") for name in asked if name not in choices.NAMES}
    if problems:
        raise serializers.ValidationError({f"filters.{name}": [text] for name, text in problems.items()})
    return run, filters


def _plan(drawn: Drawn) -> dict[str, Any]:
    body = {
        "population": drawn.population, "groups": drawn.groups, "strata": drawn.table, "answers": drawn.answers,
        "share": drawn.share,
    }  # fmt: skip
    return dict(shapes.PlanOut(body).data)


def _standing(campaign: Campaign) -> dict[str, Any]:
    standing = queries.standing_of(campaign)
    more = {
        name: getattr(standing, name)
        for name in ("done", "total", "surplus", "backup_left", "overlap_complete", "overlap_total")
    }
    return {
        **shapes.CampaignOut(campaign).data,
        **more,
        "annotators": shapes.AnnotatorOut(standing.people, many=True).data,
    }


def _person(campaign: Campaign, row: Annotator) -> dict[str, Any]:
    people = queries.standing_of(campaign).people
    return dict(shapes.AnnotatorOut(next(person for person in people if person.id == row.pk)).data)
