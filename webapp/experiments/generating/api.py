"""The API of the model endpoint."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import AdministratorAPIView
from webapp.api import checked
from webapp.experiments.generating.actions import forget_endpoint, set_endpoint
from webapp.experiments.generating.queries import endpoint_shown


class EndpointSeen(serializers.Serializer[Any]):
    """The endpoint; its key is never told."""

    base_url = serializers.CharField()
    models = serializers.ListField(child=serializers.CharField())
    has_key = serializers.BooleanField()
    from_environment = serializers.BooleanField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField(allow_null=True)


class EndpointWritten(serializers.Serializer[Any]):
    """What it is to be. Without a key the one there is stays, unless the address changes."""

    base_url = serializers.CharField(max_length=500, allow_blank=True)
    key = serializers.CharField(max_length=4000, allow_blank=True, default="", write_only=True)
    models = serializers.ListField(child=serializers.CharField(max_length=200), default=list, max_length=200)
    forget_key = serializers.BooleanField(default=False)


class Endpoint(AdministratorAPIView):
    """The OpenAI-compatible endpoint that runs may ask."""

    @extend_schema(responses=EndpointSeen, operation_id="endpoint")
    def get(self, request: Request) -> Response:
        """What is set."""
        return Response(EndpointSeen(endpoint_shown()).data)

    @extend_schema(request=EndpointWritten, responses=EndpointSeen, operation_id="endpoint_set")
    def put(self, request: Request) -> Response:
        """Set it."""
        set_endpoint(**checked(EndpointWritten, request), actor=self.person, now=timezone.now())
        return Response(EndpointSeen(endpoint_shown()).data)

    @extend_schema(responses={204: None}, operation_id="endpoint_forget")
    def delete(self, request: Request) -> Response:
        """Forget it."""
        forget_endpoint(actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
