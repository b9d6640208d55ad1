"""Ledgers over the API: the matrix, the failures page by page, the campaign on what a run broke."""

from __future__ import annotations

from typing import Any

from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.verdicts.ledger import actions, asking, shown
from webapp.verdicts.ledger.failures import page_of
from webapp.verdicts.ledger.history import CHANGES, History
from webapp.verdicts.ledger.queries import Ledger, ledger_of

PARAMETERS = [
    OpenApiParameter("corpus", int, description="The data set; that of the newest evaluation by default."),
    OpenApiParameter("direction", str, description="t2i, i2t or classify."),
    OpenApiParameter("baseline", int, description="The run that the others are held against."),
    OpenApiParameter("runs", str, description="Numbers of runs, separated by commas; the newest twelve by default."),
    OpenApiParameter("labels", str, description="Where categories come from: set-3 or campaign-4."),
]
FILTERS = [
    *PARAMETERS,
    OpenApiParameter("state", str, description="As the newest run left it.", enum=list(shown.LISTED)),
    OpenApiParameter("category", str, description="A category's key, or none for failures without a label."),
    OpenApiParameter("method", int, description="Only failures that this run repaired or broke."),
    OpenApiParameter("change", str, description="What the method did, of these alone.", enum=list(CHANGES)),
    OpenApiParameter("q", str, description="Words of the caption."),
    OpenApiParameter("after", int, description="The case that a page begins after: taken from `next`."),
]


class LedgerRunOut(serializers.Serializer[Any]):
    """A run that stands in the ledger; `settings` tell it from the baseline."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    settings = serializers.CharField()


class LedgerOut(serializers.Serializer[Any]):
    """The numbers as docs/ledger.md describes them; while `current` is false and nothing failed, ask again."""

    current = serializers.BooleanField()
    computed_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField()
    corpus = serializers.IntegerField()
    direction = serializers.CharField()
    baseline = serializers.IntegerField()
    labels = serializers.CharField()
    runs = LedgerRunOut(many=True, help_text="In the order in which they are told, the baseline first.")
    report = serializers.DictField(allow_null=True)


class FailureOut(serializers.Serializer[Any]):
    """A failure; `states` after each of the runs in their order."""

    number = serializers.IntegerField()
    category = serializers.CharField()
    states = serializers.ListField(child=serializers.CharField())


class FailuresOut(serializers.Serializer[Any]):
    """A page of failures; `count` of all of them where no words narrow them."""

    current = serializers.BooleanField()
    count = serializers.IntegerField(allow_null=True)
    next = serializers.IntegerField(allow_null=True)
    results = FailureOut(many=True)


class BrokenOut(serializers.Serializer[Any]):
    """The campaign on what a run broke; `made` is false where it was there already."""

    campaign = serializers.IntegerField()
    name = serializers.CharField()
    made = serializers.BooleanField()


class LedgerView(ProjectAPIView):
    """The ledger of a data set."""

    capability = {"GET": "case.view", "POST": "case.view"}
    serializer_class = LedgerOut

    @extend_schema(responses=LedgerOut, parameters=PARAMETERS, operation_id="ledger")
    def get(self, request: Request, slug: str) -> Response:
        """States, repairs by category and method, what is broken and has no label."""
        return self._told(_found(self, request))

    @extend_schema(request=None, responses=LedgerOut, parameters=PARAMETERS, operation_id="ledger_again")
    def post(self, request: Request, slug: str) -> Response:
        """Tries numbers that failed again; those that are there or under way stay as they are."""
        found = _found(self, request)
        if found.ready:
            asking.numbers_again(found, now=timezone.now())
        return self._told(found)

    def _told(self, found: Ledger) -> Response:
        told = asking.numbers_of(found, now=timezone.now()) if found.ready else None
        inside = {one.id: one for one in found.known}
        values = {
            "current": told.current if told else False,
            "computed_at": told.at if told else None,
            "failure": told.failure if told else "",
            "corpus": found.asked.corpus,
            "direction": found.asked.direction,
            "baseline": found.asked.baseline,
            "labels": found.asked.labels,
            "runs": [
                {"id": run.pk, "title": inside[run.pk].title, "settings": inside[run.pk].note} for run in found.runs
            ],
            "report": told.result if told else None,
        }
        return Response(LedgerOut(values).data)


class Failures(ProjectAPIView):
    """The failures of a ledger."""

    capability = {"GET": "case.view"}
    serializer_class = FailuresOut

    @extend_schema(responses=FailuresOut, parameters=FILTERS, operation_id="ledger_failures")
    def get(self, request: Request, slug: str) -> Response:
        """A page of them, each with its state after every run."""
        found = _found(self, request)
        told = asking.numbers_of(found, now=timezone.now()) if found.ready else None
        if told is None or told.result is None:
            return Response(FailuresOut({"current": False, "count": None, "next": None, "results": []}).data)
        report = told.result
        with History(report["key"], report["runs"], report["queries"]) as history:
            page = page_of(history, found.asked, report, size=100)
        values = {"current": True, "count": page.count, "next": page.next, "results": page.failures}
        return Response(FailuresOut(values).data)


class Broken(ProjectAPIView):
    """What a run broke."""

    capability = {"POST": "campaign.manage"}
    serializer_class = BrokenOut

    @extend_schema(request=None, responses=BrokenOut, parameters=PARAMETERS, operation_id="ledger_label_broken")
    def post(self, request: Request, slug: str, run_id: int) -> Response:
        """Opens a blind campaign on exactly these queries; asked again, it is the same one."""
        found = _found(self, request, about=run_id)
        run = next((run for run in found.runs[1:] if run.pk == run_id), None)
        if run is None:
            raise Http404(_("No such run in this ledger."))
        campaign, made = actions.label_broken(
            project=self.project, baseline=found.baseline, run=run, direction=found.asked.direction,
            like=found.sources.like, actor=self.person, now=timezone.now(),
        )  # fmt: skip
        values = {"campaign": campaign.pk, "name": campaign.name, "made": made}
        return Response(BrokenOut(values).data, status=201 if made else 200)


def _found(view: ProjectAPIView, request: Request, about: int = 0) -> Ledger:
    query = request.query_params
    assert isinstance(query, QueryDict)
    return ledger_of(view.project, view.person, query, about=about)
