"""Claims over the API."""

from __future__ import annotations

from django.http import Http404, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import refuse_peers
from webapp.annotation.models import Calculation
from webapp.api import KeysetPagination
from webapp.experiments.views.runs import download as file_of
from webapp.verdicts.claims import actions, queries
from webapp.verdicts.claims.views import file_name
from webapp.verdicts.comparing.api import PARAMETERS
from webapp.verdicts.comparing.found import look
from webapp.verdicts.models import Claim


class ClaimOut(serializers.ModelSerializer[Claim]):
    """A comparison kept as one file; `runs` are [id, attempt, title]."""

    runs = serializers.ListField(child=serializers.ListField())

    class Meta:
        model = Claim
        fields = (
            "id", "digest", "sha256", "byte_count", "runs", "baseline", "query", "mode", "data_hash", "analysis_set",
            "registration", "made_at",
        )  # fmt: skip


class ClaimWishOut(serializers.ModelSerializer[Calculation]):
    """A claim on its way: once `state` is ready, `result.claim` is its id."""

    class Meta:
        model = Calculation
        fields = ("id", "state", "result", "failure", "requested_at", "finished_at")


class Claims(ProjectAPIView):
    """The claims of a project."""

    capability = {"GET": "claim.view", "POST": "claim.make"}
    serializer_class = ClaimOut
    pagination_class = KeysetPagination

    @extend_schema(responses=ClaimOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The newest first."""
        page = self.paginate_queryset(queries.rows_of(self.project))
        return self.get_paginated_response(ClaimOut(page, many=True).data)

    @extend_schema(request=None, responses={202: ClaimWishOut}, parameters=PARAMETERS)
    def post(self, request: Request, slug: str) -> Response:
        """Asks a worker for the claim of a comparison; `wishes/ID/` tells when it is there."""
        query = request.query_params
        assert isinstance(query, QueryDict)
        looked = look(self.project, self.person, query)
        row = actions.ask_for_claim(project=self.project, looked=looked, actor=self.person, now=timezone.now())
        return Response(ClaimWishOut(row).data, status=202)


class ClaimWish(ProjectAPIView):
    """A claim on its way."""

    capability = {"GET": "claim.view"}
    serializer_class = ClaimWishOut

    @extend_schema(responses=ClaimWishOut)
    def get(self, request: Request, slug: str, wish_id: int) -> Response:
        """Whether it is there, or why it cannot be."""
        row = queries.wish_of(self.project, wish_id)
        if row is None:
            raise Http404
        return Response(ClaimWishOut(row).data)


class OneClaim(ProjectAPIView):
    """One claim."""

    capability = {"GET": "claim.view", "DELETE": "claim.delete"}
    serializer_class = ClaimOut

    @extend_schema(responses=ClaimOut, operation_id="claim")
    def get(self, request: Request, slug: str, claim_id: int) -> Response:
        """What is in it."""
        return Response(ClaimOut(_found(self, claim_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, claim_id: int) -> Response:
        """Removes it with its file."""
        actions.delete_claim(claim=_found(self, claim_id), actor=self.person, now=timezone.now())
        return Response(status=204)


class ClaimFile(ProjectAPIView):
    """The zip."""

    capability = {"GET": "claim.make"}
    serializer_class = ClaimOut

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, slug: str, claim_id: int) -> HttpResponseBase:
        """Streamed; `claims.verify` recomputes every number in it."""
        row = _found(self, claim_id)
        if row.analysis_set:
            refuse_peers(self, row.analysis_set.campaign)
        return file_of(row.key, file_name(row), row.byte_count)


def _found(view: ProjectAPIView, number: int) -> Claim:
    row = queries.claim_of(view.project, number)
    if row is None:
        raise Http404
    return row
