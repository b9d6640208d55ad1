"""Review over the API: the queue, samples with their answers, decisions, planted truths."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import campaign_open_to
from webapp.annotation.models import Task
from webapp.annotation.review import actions, queries, queueing, shown
from webapp.api import checked


class WaitingOut(serializers.Serializer[Any]):
    """A sample that waits for a decision."""

    id = serializers.IntegerField()
    idx = serializers.CharField()
    position = serializers.IntegerField()
    whys = serializers.ListField(child=serializers.CharField())
    text = serializers.CharField()
    answers = serializers.IntegerField()
    awaited = serializers.IntegerField()
    group = serializers.CharField()
    said = serializers.DictField(child=serializers.IntegerField(), help_text="How often each category was named.")
    since = serializers.DateTimeField(help_text="When its last answer came.")
    posterior = serializers.FloatField(allow_null=True, help_text="Of the newest agreement report's consensus.")


class AnswerOut(serializers.Serializer[Any]):
    """What an annotator said; `letter` is empty until the sample is decided, except in the list of samples."""

    letter = serializers.CharField()
    category = serializers.CharField()
    subtype = serializers.CharField()
    skip_reason = serializers.CharField()
    confidence = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    flagged = serializers.BooleanField()
    spent_ms = serializers.IntegerField(allow_null=True)
    first_choice_ms = serializers.IntegerField(allow_null=True)


class TaskOut(serializers.Serializer[Any]):
    """A sample with everything said of it."""

    id = serializers.IntegerField()
    idx = serializers.CharField()
    group = serializers.CharField()
    stratum = serializers.CharField()
    state = serializers.CharField()
    prompt = serializers.DictField()
    answers = AnswerOut(many=True)
    decision = serializers.CharField(allow_null=True)
    gold = serializers.CharField(allow_null=True)


class DecisionIn(serializers.Serializer[Any]):
    """What settles a sample; an empty category opens it again."""

    category = serializers.CharField(max_length=40, allow_blank=True)
    subtype = serializers.CharField(max_length=40, allow_blank=True, required=False, default="")
    reason = serializers.CharField(max_length=4000, allow_blank=True, required=False, default="")
    key = serializers.UUIDField(required=False)


class GoldIn(serializers.Serializer[Any]):
    """A planted truth; an empty category takes it back."""

    category = serializers.CharField(max_length=40, allow_blank=True)
    subtype = serializers.CharField(max_length=40, allow_blank=True, required=False, default="")
    explanation = serializers.CharField(max_length=400, allow_blank=True, required=False, default="")


QUEUE_FILTERS = [
    OpenApiParameter(
        "why", str, enum=queueing.WHYS,
        description=f"`unsure`: the consensus of several answers is less than {queueing.SURE_ENOUGH:.0%} sure.",
    ),
    OpenApiParameter("group", str, description="`overlap`, `pool`, or an annotator's letter."),
    OpenApiParameter("category", str, description="Somebody named it."),
    OpenApiParameter("order", str, enum=queueing.ORDERS),
]  # fmt: skip


class Queue(ProjectAPIView):
    """What waits for a decision."""

    capability = {"GET": "label.adjudicate"}
    serializer_class = WaitingOut

    @extend_schema(responses=WaitingOut(many=True), parameters=QUEUE_FILTERS)
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Narrowed and ordered as the page's address says."""
        campaign = campaign_open_to(self, campaign_id)
        for name, known in (("why", queueing.WHYS), ("order", queueing.ORDERS)):
            if request.query_params.get(name, known[0]) not in ("", *known):
                raise serializers.ValidationError({name: [f"One of {', '.join(known)}."]})
        rows = queueing.queue(campaign, shown.read_sought(request.query_params))
        return Response(WaitingOut(rows, many=True).data)


class Tasks(ProjectAPIView):
    """The samples of a campaign."""

    capability = {"GET": "campaign.view"}
    serializer_class = TaskOut

    @extend_schema(responses=TaskOut(many=True))
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """A page of them; `after` of the answer leads on, the filters are those of the page's address."""
        campaign = campaign_open_to(self, campaign_id)
        standings, after = queries.page_of(campaign, shown.read_filters(request.query_params))
        return Response({"results": [_task_out(row, named=True) for row in standings], "after": after})


class TaskDetail(ProjectAPIView):
    """One sample."""

    capability = {"GET": "label.adjudicate"}
    serializer_class = TaskOut

    @extend_schema(responses=TaskOut)
    def get(self, request: Request, slug: str, campaign_id: int, task_id: int) -> Response:
        """With its answers; who gave them is told once it is decided."""
        return _told(_task(self, campaign_id, task_id))


class Decisions(ProjectAPIView):
    """Decisions on a sample."""

    capability = {"POST": "label.adjudicate"}
    serializer_class = DecisionIn

    @extend_schema(request=DecisionIn, responses=TaskOut)
    def post(self, request: Request, slug: str, campaign_id: int, task_id: int) -> Response:
        """Adds one. `key` makes sending it twice harmless."""
        values = checked(DecisionIn, request)
        task = _task(self, campaign_id, task_id)
        common = {
            "campaign": task.campaign, "task": task, "actor": self.person, "now": timezone.now(),
            "key": values.get("key") or uuid.uuid4(), "reason": values["reason"],
        }  # fmt: skip
        if values["category"]:
            actions.decide(category=values["category"], subtype=values["subtype"], **common)
        else:
            actions.reopen(**common)
        return _told(task)


class GoldView(ProjectAPIView):
    """The planted truth of a sample."""

    capability = {"POST": "label.adjudicate"}
    serializer_class = GoldIn

    @extend_schema(request=GoldIn, responses=TaskOut)
    def post(self, request: Request, slug: str, campaign_id: int, task_id: int) -> Response:
        """Plants it or takes it back."""
        values = checked(GoldIn, request)
        task = _task(self, campaign_id, task_id)
        campaign, now = task.campaign, timezone.now()
        if values["category"]:
            actions.plant(campaign=campaign, task=task, actor=self.person, now=now, **values)
        else:
            actions.take_back(campaign=campaign, task=task, actor=self.person, now=now)
        return _told(task)


def _told(task: Task) -> Response:
    """A sample as it stands; who said what is told only while it is decided."""
    standing = queries.standing_of(task)
    return Response(_task_out(standing, named=standing.decision is not None))


def _task_out(standing: queries.Standing, *, named: bool) -> dict[str, Any]:
    task = standing.task
    return {
        "id": task.pk,
        "idx": task.idx,
        "group": task.group,
        "stratum": task.stratum,
        "state": task.state,
        "prompt": {name: value for name, value in task.prompt.items() if name != "key"},
        "answers": [
            {
                "letter": answer.letter if named else "",
                "category": answer.category,
                "subtype": answer.subtype,
                "skip_reason": answer.skip_reason,
                "confidence": answer.confidence,
                "note": answer.note,
                "flagged": answer.flagged,
                "spent_ms": answer.spent_ms,
                "first_choice_ms": answer.first_choice_ms,
            }
            for answer in standing.answers
        ],
        "decision": standing.decision.category if standing.decision else None,
        "gold": standing.gold.category if standing.gold else None,
    }


def _task(view: ProjectAPIView, campaign_id: int, task_id: int) -> Task:
    campaign = campaign_open_to(view, campaign_id)
    found = queries.task_of(campaign, task_id)
    if found is None:
        raise Http404
    found.campaign = campaign
    return found
