"""Analysis sets over the API."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import campaign_or_404, refuse_peers
from webapp.annotation.models import AnalysisItem, AnalysisSet, Calculation
from webapp.annotation.sets import actions, queries
from webapp.api import KeysetPagination, checked, narrowed


class SetOut(serializers.ModelSerializer[AnalysisSet]):
    """A set; `summary.shares` is what its page shows."""

    class Meta:
        model = AnalysisSet
        fields = (
            "id", "name", "campaign", "number", "rule", "content_hash", "item_count", "summary", "created_at",
        )  # fmt: skip


class SetLine(serializers.ModelSerializer[AnalysisSet]):
    """A set in a list."""

    class Meta:
        model = AnalysisSet
        fields = ("id", "name", "campaign", "number", "rule", "content_hash", "item_count", "created_at")


class ItemOut(serializers.ModelSerializer[AnalysisItem]):
    """A case of a set with its one label."""

    class Meta:
        model = AnalysisItem
        fields = (
            "idx", "case_number", "group", "stratum", "category", "subtype", "origin", "posterior", "answer_count",
        )  # fmt: skip


class FreezeIn(serializers.Serializer[Any]):
    """How a set is made."""

    name = serializers.CharField(required=False, default="", max_length=160, allow_blank=True)
    rule = serializers.ChoiceField(choices=actions.RULES, default="majority")
    incomplete = serializers.BooleanField(required=False, default=False)


class WishOut(serializers.ModelSerializer[Calculation]):
    """A set on its way: once `state` is ready, `result.set` is its id."""

    class Meta:
        model = Calculation
        fields = ("id", "state", "result", "failure", "requested_at", "finished_at")


class Sets(ProjectAPIView):
    """The sets of a project."""

    capability = {"GET": "set.view"}
    serializer_class = SetLine
    pagination_class = KeysetPagination

    @extend_schema(responses=SetLine(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The newest first; `?campaign=ID` narrows."""
        rows = AnalysisSet.objects.filter(project=self.project)
        rows = narrowed(rows, request, filters={"campaign": lambda found, text: found.filter(campaign_id=int(text))})
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(SetLine(page, many=True).data)


class Set(ProjectAPIView):
    """One set."""

    capability = {"GET": "set.view"}
    serializer_class = SetOut

    @extend_schema(responses=SetOut)
    def get(self, request: Request, slug: str, set_id: int) -> Response:
        """Its shares with their intervals."""
        return Response(SetOut(_set(self, set_id)).data)


class Items(ProjectAPIView):
    """The cases of a set."""

    capability = {"GET": "set.view"}
    serializer_class = ItemOut
    pagination_class = KeysetPagination

    @extend_schema(responses=ItemOut(many=True))
    def get(self, request: Request, slug: str, set_id: int) -> Response:
        """Page by page; `?category=` and `?origin=` narrow."""
        rows = AnalysisItem.objects.filter(analysis_set=_set(self, set_id))
        rows = narrowed(
            rows,
            request,
            filters={
                "category": lambda found, text: found.filter(category=text),
                "origin": lambda found, text: found.filter(origin=text),
            },
        )
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ItemOut(page, many=True).data)


class Freeze(ProjectAPIView):
    """Makes a set of a campaign's labels as they stand."""

    capability = {"POST": "set.freeze"}
    serializer_class = FreezeIn

    @extend_schema(request=FreezeIn, responses={202: WishOut})
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Asks a worker for it; `wishes/ID/` tells when it is there."""
        values = checked(FreezeIn, request)
        campaign = campaign_or_404(self.project, campaign_id)
        row = actions.ask_to_freeze(campaign=campaign, actor=self.person, now=timezone.now(), **values)
        return Response(WishOut(row).data, status=202)


class Wish(ProjectAPIView):
    """A set on its way."""

    capability = {"GET": "set.view"}
    serializer_class = WishOut

    @extend_schema(responses=WishOut)
    def get(self, request: Request, slug: str, wish_id: int) -> Response:
        """Whether it is there, or why it cannot be."""
        row = queries.wish_of(self.project, wish_id)
        if row is None:
            raise Http404
        return Response(WishOut(row).data)


def _set(view: ProjectAPIView, set_id: int) -> AnalysisSet:
    found = queries.set_of(view.project, set_id)
    if found is None:
        raise Http404
    refuse_peers(view, found.campaign)
    return found
