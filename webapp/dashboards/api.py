"""Agreement over the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import campaign_open_to
from webapp.annotation.models import Campaign
from webapp.annotation.review.calculations import agreement_again, agreement_of


class AgreementOut(serializers.Serializer[Any]):
    """The report, and whether it is of the labels as they are now (`current`); while it is not, ask again."""

    current = serializers.BooleanField()
    computed_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField()
    report = serializers.DictField(allow_null=True)


class Agreement(ProjectAPIView):
    """How far a campaign's annotators agree."""

    capability = {"GET": "agreement.view", "POST": "agreement.view"}
    serializer_class = AgreementOut

    @extend_schema(responses=AgreementOut)
    def get(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Every number of the page with its interval and n."""
        return self._shown(campaign_open_to(self, campaign_id))

    @extend_schema(request=None, responses=AgreementOut)
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Tries a report that failed again; one that is there or under way stays as it is."""
        campaign = campaign_open_to(self, campaign_id)
        agreement_again(campaign=campaign, now=timezone.now())
        return self._shown(campaign)

    def _shown(self, campaign: Campaign) -> Response:
        found = agreement_of(campaign=campaign, now=timezone.now())
        told = {"current": found.current, "computed_at": found.at, "failure": found.failure, "report": found.result}
        return Response(AgreementOut(told).data)
