"""The API of probes: try a caption on a case, look for its answer, pin it, take it away."""

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
from webapp.api import Conflict, KeysetPagination, checked, narrowed
from webapp.experiments.cases.queries import Row, case_of
from webapp.experiments.models import Probe, Run
from webapp.experiments.probing import actions, files, queries


class ProbeWritten(serializers.Serializer[Any]):
    """A caption to try."""

    text = serializers.CharField(
        max_length=Probe.LONGEST, trim_whitespace=False, help_text="The whole caption, changed."
    )


class PinWritten(serializers.Serializer[Any]):
    """Whether a probe is kept as evidence, and why."""

    pinned = serializers.BooleanField()
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ProbeGiven(serializers.Serializer[Any]):
    """A picture that came up."""

    number = serializers.IntegerField()
    score = serializers.FloatField()


class ProbeShown(serializers.Serializer[Any]):
    """A caption that was tried; `rank` and `given` are there once its state is `ready`."""

    id = serializers.IntegerField()
    case = serializers.IntegerField()
    text = serializers.CharField()
    state = serializers.CharField(help_text="wanted, working, ready or failed; ask again while it is one of the first.")
    failure = serializers.CharField()
    rank = serializers.IntegerField(allow_null=True)
    right_score = serializers.FloatField(allow_null=True)
    given = ProbeGiven(many=True)
    model = serializers.DictField(help_text="What answered: model, revision, source (cache or encoder), seconds.")
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    pinned_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()

    def to_representation(self, instance: Probe) -> dict[str, Any]:
        """As the files have it."""
        return files.as_json(instance)


class ProbesOfCase(ProjectAPIView):
    """Captions tried on a case: one's own, and everybody's that are pinned."""

    capability = {"GET": "case.view", "POST": "case.probe"}

    @extend_schema(responses=ProbeShown(many=True), operation_id="case_probes")
    def get(self, request: Request, slug: str, run_id: int, number: int) -> Response:
        """In the order of asking."""
        run, case = self._case(run_id, number)
        return Response(ProbeShown(queries.of_case(run, case.number, self.person), many=True).data)

    @extend_schema(request=ProbeWritten, responses={202: ProbeShown}, operation_id="case_probe_ask")
    def post(self, request: Request, slug: str, run_id: int, number: int) -> Response:
        """Try a caption; the answer comes into the probe, look there. The same text again gives the same probe."""
        run, case = self._case(run_id, number)
        text = checked(ProbeWritten, request)["text"]
        try:
            probe = actions.ask(run=run, case=case, text=text, actor=self.person, now=timezone.now())
        except BadInput as problem:
            raise serializers.ValidationError({problem.field or "text": [str(problem)]}) from None
        return Response(ProbeShown(probe).data, status=status.HTTP_202_ACCEPTED)

    def _case(self, run_id: int, number: int) -> tuple[Run, Row]:
        run = _run_or_404(self, run_id)
        case = case_of(run, number)
        if case is None:
            raise Http404
        return run, case


class Probes(ProjectAPIView):
    """Captions tried on the cases of a run."""

    capability = {"GET": "case.view"}
    pagination_class = KeysetPagination

    @extend_schema(
        responses=ProbeShown(many=True), operation_id="probes",
        parameters=[OpenApiParameter("pinned", str, enum=["yes"], description="Those kept as evidence alone.")],
    )  # fmt: skip
    def get(self, request: Request, slug: str, run_id: int) -> Response:
        """One's own and all that are pinned, newest first."""
        found = queries.seen_by(_run_or_404(self, run_id), self.person)
        found = narrowed(found, request, filters={"pinned": lambda rows, text: rows.filter(pinned_at__isnull=False)})
        page = self.paginate_queryset(found)
        return self.get_paginated_response(ProbeShown(page, many=True).data)


class ProbeDetail(ProjectAPIView):
    """One caption that was tried."""

    capability = {"GET": "case.view", "PATCH": "case.probe", "DELETE": "case.probe"}

    @extend_schema(responses=ProbeShown, operation_id="probe")
    def get(self, request: Request, slug: str, run_id: int, probe_id: int) -> Response:
        """What it brought up, once it is there."""
        return Response(ProbeShown(_probe_or_404(self, run_id, probe_id)).data)

    @extend_schema(request=PinWritten, responses=ProbeShown, operation_id="probe_pin")
    def patch(self, request: Request, slug: str, run_id: int, probe_id: int) -> Response:
        """Pin an own probe with a note, or take the pin off."""
        probe = _probe_or_404(self, run_id, probe_id)
        wanted = checked(PinWritten, request)
        try:
            if wanted["pinned"]:
                actions.pin(probe=probe, note=wanted["note"], actor=self.person, now=timezone.now())
            else:
                actions.unpin(probe=probe, actor=self.person, now=timezone.now())
        except BadInput as problem:
            raise Conflict(str(problem)) from None
        return Response(ProbeShown(_probe_or_404(self, run_id, probe_id)).data)

    @extend_schema(responses={204: None}, operation_id="probe_remove")
    def delete(self, request: Request, slug: str, run_id: int, probe_id: int) -> Response:
        """Take an own probe away that is not pinned."""
        try:
            actions.remove(probe=_probe_or_404(self, run_id, probe_id), actor=self.person)
        except BadInput as problem:
            raise Conflict(str(problem)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


def _run_or_404(view: ProjectAPIView, run_id: int) -> Run:
    run = queries.run_in(view.project, run_id)
    if run is None:
        raise Http404
    return run


def _probe_or_404(view: ProjectAPIView, run_id: int, probe_id: int) -> Probe:
    probe = queries.one_of(_run_or_404(view, run_id), probe_id, view.person)
    if probe is None:
        raise Http404
    return probe
