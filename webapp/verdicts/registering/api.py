"""Registrations over the API."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.api import KeysetPagination, checked
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.verdicts.models import Registration, Withdrawal
from webapp.verdicts.registering import actions, queries
from webapp.verdicts.registering.covering import run_of


class WithdrawalOut(serializers.ModelSerializer[Withdrawal]):
    """A registration taken back."""

    class Meta:
        model = Withdrawal
        fields = ("reason", "withdrawn_at")


class RegistrationOut(serializers.ModelSerializer[Registration]):
    """What was said before anybody looked; shares of the queries, not points."""

    withdrawal = WithdrawalOut(allow_null=True, read_only=True)
    run = serializers.SerializerMethodField(help_text="The run that it is about; null until one that fits has ended.")

    class Meta:
        model = Registration
        fields = (
            "id", "title", "baseline", "baseline_fingerprint", "data_hash", "data_name", "direction", "category",
            "analysis_set", "metric", "smallest_effect", "broken_share", "n", "stopping_rule", "method", "settings",
            "seen", "content_hash", "registered_at", "withdrawal", "run",
        )  # fmt: skip

    def get_run(self, row: Registration) -> int | None:
        """The first run that fits and was launched after it."""
        own = run_of(row)
        return own.pk if own else None


class RegistrationIn(serializers.Serializer[Any]):
    """A comparison that is announced."""

    title = serializers.CharField(max_length=160)
    baseline = serializers.IntegerField(min_value=1, max_value=2**62)
    direction = serializers.ChoiceField(choices=list(DIRECTIONS))
    slice = serializers.CharField(
        max_length=80, default="all", help_text="all, set:ID/CATEGORY, or later:CATEGORY where labels are yet to come."
    )
    metric = serializers.CharField(max_length=40, default="recall@1")
    smallest_effect = serializers.FloatField(min_value=-1, max_value=1, help_text="A share: 0.01 is one point.")
    broken_share = serializers.FloatField(min_value=0, max_value=0.5, default=0.0)
    n = serializers.IntegerField(min_value=1, max_value=100_000_000, default=None, allow_null=True)
    stopping_rule = serializers.CharField(max_length=2000)
    method = serializers.CharField(max_length=80)
    settings = serializers.DictField(default=dict, help_text="Settings of the method that are fixed.")


class WithdrawIn(serializers.Serializer[Any]):
    """Why a registration is taken back."""

    reason = serializers.CharField(max_length=2000)


class Registrations(ProjectAPIView):
    """The registrations of a project."""

    capability = {"GET": "registration.view", "POST": "registration.make"}
    serializer_class = RegistrationOut
    pagination_class = KeysetPagination

    @extend_schema(responses=RegistrationOut(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The newest first."""
        page = self.paginate_queryset(queries.rows_of(self.project))
        return self.get_paginated_response(RegistrationOut(page, many=True).data)

    @extend_schema(request=RegistrationIn, responses={201: RegistrationOut})
    def post(self, request: Request, slug: str) -> Response:
        """Registers a comparison; it can be withdrawn later, never changed."""
        values = checked(RegistrationIn, request)
        values["baseline"] = queries.baseline_of(self.project, values["baseline"])
        row = actions.register(project=self.project, actor=self.person, now=timezone.now(), **values)
        return Response(RegistrationOut(row).data, status=201)


class OneRegistration(ProjectAPIView):
    """One registration."""

    capability = {"GET": "registration.view"}
    serializer_class = RegistrationOut

    @extend_schema(responses=RegistrationOut, operation_id="registration")
    def get(self, request: Request, slug: str, registration_id: int) -> Response:
        """What was said, and the run that it came to be about."""
        return Response(RegistrationOut(_found(self, registration_id)).data)


class Withdraw(ProjectAPIView):
    """Takes a registration back."""

    capability = {"POST": "registration.make"}
    serializer_class = WithdrawIn

    @extend_schema(request=WithdrawIn, responses=RegistrationOut)
    def post(self, request: Request, slug: str, registration_id: int) -> Response:
        """It stays, with the reason beside it; comparisons are exploratory from then on."""
        row = _found(self, registration_id)
        actions.withdraw(registration=row, actor=self.person, now=timezone.now(), **checked(WithdrawIn, request))
        return Response(RegistrationOut(_found(self, registration_id)).data)


def _found(view: ProjectAPIView, number: int) -> Registration:
    row = queries.registration_of(view.project, number)
    if row is None:
        raise Http404
    return row
