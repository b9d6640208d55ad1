"""The API of captions and their changes."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectAPIView
from webapp.api import Conflict, checked
from webapp.experiments.browsing import actions, queries
from webapp.experiments.models import CaptionEdit
from webapp.experiments.recorded.queries import corpus_of


class CaptionVersion(serializers.ModelSerializer[CaptionEdit]):
    """What somebody wrote in place of a caption."""

    by = serializers.CharField(source="created_by.username")

    class Meta:
        model = CaptionEdit
        fields = ["id", "entry", "number", "text", "by", "created_at"]


class CaptionSeen(serializers.Serializer[Any]):
    """One caption and its versions."""

    number = serializers.IntegerField()
    first = serializers.CharField()
    text = serializers.CharField()
    similarity = serializers.FloatField(allow_null=True)
    versions = CaptionVersion(many=True)


class CaptionedEntry(serializers.Serializer[Any]):
    """A class or a picture with its captions."""

    name = serializers.CharField()
    predicted = serializers.CharField(allow_null=True)
    true_class = serializers.CharField(allow_null=True)
    picture = serializers.IntegerField(allow_null=True)
    captions = CaptionSeen(many=True)


class CaptionPage(serializers.Serializer[Any]):
    """Some of the entries."""

    number = serializers.IntegerField()
    pages = serializers.IntegerField()
    found = serializers.IntegerField()
    total = serializers.IntegerField()
    edited = serializers.IntegerField()
    entries = CaptionedEntry(many=True)


class CaptionChange(serializers.Serializer[Any]):
    """Another text for one caption; an empty one takes it out."""

    entry = serializers.CharField(max_length=5000)
    number = serializers.IntegerField(min_value=0, max_value=10**6)
    text = serializers.CharField(max_length=CaptionEdit.LONGEST, allow_blank=True)


class CaptionEntryNamed(serializers.Serializer[Any]):
    """The class or the file name whose captions are written anew."""

    entry = serializers.CharField(max_length=5000)


class CaptionRun(serializers.Serializer[Any]):
    """The run that writes them."""

    run = serializers.IntegerField()


class CaptionFileMade(serializers.Serializer[Any]):
    """The file that was made."""

    caption_file = serializers.IntegerField()


class Captions(ProjectAPIView):
    """Captions of a run (`run`) or a file (`file`)."""

    capability = {"GET": "run.view", "POST": "run.launch"}

    @extend_schema(
        operation_id="captions",
        responses=CaptionPage,
        parameters=[
            OpenApiParameter("words", str),
            OpenApiParameter("class", int, description="The number of a true class: its pictures alone."),
            OpenApiParameter("page", int),
        ],
    )
    def get(self, request: Request, slug: str, kind: str, source_id: int) -> Response:
        """Some entries, those alone that hold `words` where they are given."""
        asked = request.query_params
        try:
            page = queries.page_of(
                _source_or_404(self, kind, source_id),
                words=asked.get("words", "").strip()[:200],
                label=queries.number_in(asked.get("class", "")),
                number=queries.number_in(asked.get("page", "")) or 1,
            )
        except queries.TooLarge:
            raise _too_large() from None
        return Response(CaptionPage(page).data)

    @extend_schema(operation_id="caption_change", request=CaptionChange, responses={201: CaptionVersion})
    def post(self, request: Request, slug: str, kind: str, source_id: int) -> Response:
        """Keep another version of a caption beside the ones there are."""
        source = _source_or_404(self, kind, source_id)
        values = checked(CaptionChange, request)
        try:
            kept = actions.change_caption(source=source, **values, actor=self.person, now=timezone.now())
        except queries.TooLarge:
            raise _too_large() from None
        if kept is None:
            raise Conflict("This is what stands there already.")
        return Response(CaptionVersion(kept).data, status=status.HTTP_201_CREATED)


class CaptionsAnew(ProjectAPIView):
    """Captions of one class or picture written anew."""

    capability = {"POST": "corpus.import"}  # what was changed by hand becomes a caption file on the way

    @extend_schema(operation_id="captions_anew", request=CaptionEntryNamed, responses={201: CaptionRun})
    def post(self, request: Request, slug: str, kind: str, source_id: int) -> Response:
        """Launch a run that keeps the others."""
        source = _source_or_404(self, kind, source_id)
        entry = checked(CaptionEntryNamed, request)["entry"]
        try:
            run = actions.write_anew(source=source, entry=entry, actor=self.person, now=timezone.now())
        except queries.TooLarge:
            raise _too_large() from None
        return Response(CaptionRun({"run": run.pk}).data, status=status.HTTP_201_CREATED)


class CaptionsKept(ProjectAPIView):
    """What stands now as a caption file that runs can name."""

    capability = {"POST": "corpus.import"}

    @extend_schema(operation_id="captions_keep", request=None, responses={201: CaptionFileMade})
    def post(self, request: Request, slug: str, kind: str, source_id: int) -> Response:
        """Make it."""
        source = _source_or_404(self, kind, source_id)
        corpus = corpus_of(self.project, source.corpus_id or 0)
        if corpus is None:
            raise BadInput("Their data set is no longer there.")
        file = actions.keep_as_file(source=source, corpus=corpus, actor=self.person, now=timezone.now())
        return Response(CaptionFileMade({"caption_file": file.pk}).data, status=status.HTTP_201_CREATED)


def _too_large() -> Conflict:
    return Conflict("This file is too large to be shown or changed in pages: download it.")


def _source_or_404(view: ProjectAPIView, kind: str, source_id: int) -> queries.Source:
    source = queries.source_of(view.project, kind, source_id)
    if source is None:
        raise Http404
    return source
