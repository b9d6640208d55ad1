"""Reports over the API: kept, read, put into other words, handed on, removed; the table of improvements."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import refuse_peers
from webapp.api import Conflict, KeysetPagination, checked, narrowed
from webapp.dashboards.reports import alone, summary
from webapp.verdicts.models import Report
from webapp.verdicts.reporting import actions, queries
from webapp.verdicts.reporting.drafting import draft_of

MANY = [
    OpenApiParameter("runs", str, description="Numbers of runs, separated by commas; every improvement by default."),
    OpenApiParameter("subset", str, description="Only rows of this subset, beside those of all queries."),
]


class ReportLine(serializers.Serializer[Any]):
    """A report in a list."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    content_hash = serializers.CharField()
    created_at = serializers.DateTimeField()


class TextOut(serializers.Serializer[Any]):
    """A version of a report's title and words."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    words = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField()


class ReportOut(serializers.Serializer[Any]):
    """A report: `snapshot` never changes, and `content_hash` is its SHA-256; the newest text comes first."""

    id = serializers.IntegerField()
    content_hash = serializers.CharField()
    created_at = serializers.DateTimeField()
    by = serializers.CharField()
    texts = TextOut(many=True)
    snapshot = serializers.DictField()


class WordsIn(serializers.Serializer[Any]):
    """Title and words of a report."""

    title = serializers.CharField(max_length=160)
    words = serializers.CharField(required=False, default="", max_length=8000, allow_blank=True)


class ReportIn(WordsIn):
    """What a report is made of: runs as a comparison names them, or a set, or a campaign."""

    runs = serializers.ListField(child=serializers.IntegerField(min_value=1), required=False, max_length=200)
    baseline = serializers.IntegerField(required=False, min_value=1, help_text="The first of `runs` by default.")
    against = serializers.IntegerField(required=False, min_value=1, help_text="The run that is reported on.")
    direction = serializers.ChoiceField(choices=["t2i", "i2t", "classify"], required=False)
    set = serializers.IntegerField(required=False, min_value=1)
    campaign = serializers.IntegerField(required=False, min_value=1)
    control = serializers.IntegerField(required=False, min_value=1, help_text="The run that changes as much at random.")


class Reports(ProjectAPIView):
    """The reports of a project."""

    capability = {"GET": "report.view", "POST": "report.make"}
    serializer_class = ReportLine
    pagination_class = KeysetPagination

    @extend_schema(responses=ReportLine(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The newest first."""
        page = self.paginate_queryset(narrowed(queries.reports_of(self.project), request, filters={}))
        return self.get_paginated_response(ReportLine(page, many=True).data)

    @extend_schema(request=ReportIn, responses={201: ReportOut})
    def post(self, request: Request, slug: str) -> Response:
        """Keeps one as its numbers stand. 409 while a worker still makes them: send the same again in a moment."""
        values = checked(ReportIn, request)
        text = {name: values.pop(name) for name in ("title", "words")}
        query = QueryDict(mutable=True)
        query.update({name: ",".join(map(str, said)) if name == "runs" else str(said) for name, said in values.items()})
        draft = draft_of(self.project, self.person, query, now=timezone.now())
        if draft.owed is not None:
            refuse_peers(self, draft.owed)
            raise PermissionDenied
        if draft.something and not draft.ready and not draft.failure:
            raise Conflict("The numbers are being made. Send the same again in a moment.")
        report = actions.keep_report(draft=draft, actor=self.person, now=timezone.now(), **text)
        return Response(_told(report), status=201)


class OneReport(ProjectAPIView):
    """One report."""

    capability = {"GET": "report.view", "DELETE": "report.remove"}
    serializer_class = ReportOut

    @extend_schema(responses=ReportOut)
    def get(self, request: Request, slug: str, report_id: int) -> Response:
        """Everything it says."""
        return Response(_told(_open_report(self, report_id)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, report_id: int) -> Response:
        """Removes it for good."""
        actions.remove_report(report=_report(self, report_id), actor=self.person, now=timezone.now())
        return Response(status=204)


class Texts(ProjectAPIView):
    """The words of a report."""

    capability = {"POST": "report.make"}
    serializer_class = WordsIn

    @extend_schema(request=WordsIn, responses={201: TextOut(many=True)})
    def post(self, request: Request, slug: str, report_id: int) -> Response:
        """Title and words anew, as the next version; every version is told."""
        report = _open_report(self, report_id)
        actions.write_words(report=report, actor=self.person, now=timezone.now(), **checked(WordsIn, request))
        return Response(TextOut(queries.texts_of(report), many=True).data, status=201)


class File(ProjectAPIView):
    """A report as one HTML file."""

    capability = {"GET": "report.view"}

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    def get(self, request: Request, slug: str, report_id: int) -> HttpResponse:
        """Styles and pictures inside, no script."""
        report = _open_report(self, report_id)
        texts = queries.texts_of(report)
        there = request.build_absolute_uri(reverse("dashboards:report", args=[slug, report.pk]))
        around = {"report": report, "text": texts[0], "by": queries.author_of(report), "address": there}
        return _attached(
            alone.file_of(report, around), "text/html; charset=utf-8", alone.name_of(report, texts[0].title)
        )


class Improvements(ProjectAPIView):
    """summary_subset_results.csv over runs of `retrieval.improve`."""

    capability = {"GET": "run.view"}

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR}, parameters=MANY)
    def get(self, request: Request, slug: str) -> HttpResponse:
        """The original's columns, then control, no-op and what changed."""
        query = request.query_params
        assert isinstance(query, QueryDict)
        text = summary.table(self.project, query)
        return _attached(text, "text/csv; charset=utf-8", summary.FILE)


def _attached(text: str, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _told(report: Report) -> dict[str, Any]:
    values = {
        "id": report.pk, "content_hash": report.content_hash, "created_at": report.created_at,
        "by": queries.author_of(report), "texts": queries.texts_of(report), "snapshot": report.snapshot,
    }  # fmt: skip
    return dict(ReportOut(values).data)


def _report(view: ProjectAPIView, report_id: int) -> Report:
    found = queries.report_of(view.project, report_id)
    if found is None:
        raise Http404
    return found


def _open_report(view: ProjectAPIView, report_id: int) -> Report:
    found = _report(view, report_id)
    if found.campaign is not None:
        refuse_peers(view, found.campaign)
    return found
