"""The API of caption files."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectAPIView
from webapp.api import Conflict, FileNegotiation, KeysetPagination
from webapp.corpora.actions.uploads import refuse_larger
from webapp.experiments.actions import Refused
from webapp.experiments.models import CaptionFile
from webapp.experiments.recorded import actions, queries
from webapp.experiments.views.runs import download


class CaptionFileShown(serializers.ModelSerializer[CaptionFile]):
    """A file of recorded captions."""

    run_count = serializers.IntegerField()

    class Meta:
        model = CaptionFile
        fields = [
            "id", "name", "side", "corpus_id", "state", "failure", "found", "warnings", "byte_count", "sha256",
            "run_count", "created_by", "created_at", "checked_at",
        ]  # fmt: skip


class CaptionFileWritten(serializers.Serializer[Any]):
    """A file to be kept and read."""

    file = serializers.FileField(allow_empty_file=True)
    corpus = serializers.IntegerField(
        min_value=1, max_value=2**62, required=False, help_text="Of captions of classes or pictures alone."
    )
    side = serializers.ChoiceField(choices=CaptionFile.Side.choices)


class CaptionFiles(ProjectAPIView):
    """Recorded captions of a project's classification sets."""

    capability = {"GET": "corpus.view", "POST": "corpus.import"}
    serializer_class = CaptionFileShown
    pagination_class = KeysetPagination
    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="caption_files")
    def get(self, request: Request, slug: str) -> Response:
        """Newest first."""
        page = self.paginate_queryset(queries.files_of(self.project))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="caption_files_upload",
        request={"multipart/form-data": CaptionFileWritten},
        responses={201: CaptionFileShown},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Bring a file: captions in the published layout, captions to search in (text, table, JSON) or sentences around
        a name (text, JSON). A worker reads it and says what is in it, or all that is wrong."""
        refuse_larger(request, actions.MOST_BYTES)
        written = CaptionFileWritten(data=request.data)
        written.is_valid(raise_exception=True)
        values = written.validated_data
        corpus = queries.corpus_of(self.project, values["corpus"]) if "corpus" in values else None
        if corpus is None and values["side"] not in actions.ENDINGS:
            raise BadInput("This project has no such data set.", field="corpus")
        file = actions.keep_captions(
            project=self.project,
            corpus=corpus,
            side=values["side"],
            name=str(values["file"].name or ""),
            data=values["file"].read(),
            actor=self.person,
            now=timezone.now(),
        )
        shown = self.get_serializer(queries.file_of(self.project, file.pk))
        return Response(shown.data, status=status.HTTP_201_CREATED)


class CaptionFileDetail(ProjectAPIView):
    """One file of recorded captions."""

    capability = {"GET": "corpus.view", "DELETE": "corpus.import"}
    serializer_class = CaptionFileShown

    @extend_schema(operation_id="caption_file")
    def get(self, request: Request, slug: str, file_id: int) -> Response:
        """What was found in it."""
        return Response(self.get_serializer(_file_or_404(self, file_id)).data)

    @extend_schema(operation_id="caption_file_remove", responses={204: None})
    def delete(self, request: Request, slug: str, file_id: int) -> Response:
        """Let it go; 409 while runs use it."""
        try:
            actions.remove_captions(file=_file_or_404(self, file_id), actor=self.person, now=timezone.now())
        except Refused as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(status=status.HTTP_204_NO_CONTENT)


class CaptionFileContent(ProjectAPIView):
    """The file itself."""

    capability = {"GET": "run.download"}
    content_negotiation_class = FileNegotiation

    @extend_schema(
        operation_id="caption_file_content", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, slug: str, file_id: int) -> HttpResponseBase:
        """As it was brought."""
        file = _file_or_404(self, file_id)
        return download(file.key, queries.download_name(file), file.byte_count)


def _file_or_404(view: ProjectAPIView, file_id: int) -> CaptionFile:
    file = queries.file_of(view.project, file_id)
    if file is None:
        raise Http404
    return file
