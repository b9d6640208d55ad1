"""Labels over the API: read them as JSON lines, send a file of them, see what came of it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import campaign_open_to, campaign_or_404
from webapp.annotation.exchange import actions, queries, records
from webapp.annotation.exchange.accounts import LONGEST
from webapp.annotation.models import LabelFile
from webapp.api import Conflict, checked


class FileIn(serializers.Serializer[Any]):
    """A file of labels. `take`: write the answers at once; without, the file waits and the answer tells of its rows.

    `accounts`: whose an account of Label Studio is, by its number or e-mail address (“11=A, 12=B”).
    """

    file = serializers.FileField()
    annotator = serializers.CharField(required=False, default="", max_length=4, allow_blank=True)
    accounts = serializers.CharField(required=False, default="", max_length=LONGEST, allow_blank=True)
    replace = serializers.BooleanField(required=False, default=False)
    take = serializers.BooleanField(required=False, default=False)


class FileOut(serializers.ModelSerializer[LabelFile]):
    """A file that came in, and what its rows came to."""

    annotator = serializers.CharField(source="annotator.letter", default="")

    class Meta:
        model = LabelFile
        fields = ("id", "name", "annotator", "sha256", "replace", "state", "report", "uploaded_at", "taken_at")


class Labels(ProjectAPIView):
    """A campaign's answers."""

    capability = {"GET": "label.exchange", "POST": "label.exchange"}
    parser_classes = (MultiPartParser,)
    serializer_class = FileIn

    @extend_schema(responses={200: OpenApiResponse(description="One JSON object a line: application/x-ndjson.")})
    def get(self, request: Request, slug: str, campaign_id: int) -> StreamingHttpResponse:
        """Every answer, one JSON object a line, task by task; an unanswered task is a line without an annotator."""
        campaign = campaign_open_to(self, campaign_id)
        lines = records.written(queries.rows_of(campaign))
        return StreamingHttpResponse(lines, content_type="application/x-ndjson")

    @extend_schema(request=FileIn, responses={201: FileOut})
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Send a file of labels (CSV, .xlsx, .jsonl, Label Studio's .json)."""
        campaign = campaign_or_404(self.project, campaign_id)
        values = checked(FileIn, request)
        if values["file"].size > records.MOST_BYTES:
            raise BadInput(_("The file is larger than %(n)d MB.") % {"n": records.MOST_BYTES // 2**20}, field="file")
        annotator = queries.annotator_lettered(campaign, values["annotator"]) if values["annotator"] else None
        file = actions.keep_file(
            campaign=campaign,
            annotator=annotator,
            name=str(values["file"].name),
            data=values["file"].read(),
            replace=values["replace"],
            accounts=values["accounts"],
            actor=self.person,
            now=timezone.now(),
        )
        if values["take"]:
            actions.take_file(file=file, actor=self.person, now=timezone.now())
            file.refresh_from_db()
        return Response(FileOut(file).data, status=201)


class File(ProjectAPIView):
    """One file of labels."""

    capability = {"GET": "label.exchange", "POST": "label.exchange"}
    serializer_class = FileOut

    @extend_schema(responses=FileOut)
    def get(self, request: Request, slug: str, campaign_id: int, file_id: int) -> Response:
        """What its rows came to."""
        return Response(FileOut(_file(self, campaign_id, file_id)).data)

    @extend_schema(request=None, responses=FileOut)
    def post(self, request: Request, slug: str, campaign_id: int, file_id: int) -> Response:
        """Take it: write its answers."""
        file = _file(self, campaign_id, file_id)
        if file.state == LabelFile.State.TAKEN:
            raise Conflict(_("This file was taken already."))
        actions.take_file(file=file, actor=self.person, now=timezone.now())
        file.refresh_from_db()
        return Response(FileOut(file).data)


def _file(view: ProjectAPIView, campaign_id: int, file_id: int) -> LabelFile:
    campaign = campaign_or_404(view.project, campaign_id)
    found = queries.file_of(campaign, file_id)
    if found is None:
        raise Http404
    found.campaign = campaign
    return found
