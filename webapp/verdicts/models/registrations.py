"""Registrations: what somebody said would be compared before anybody looked, and that they took it back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from webapp.accounts.models import Project, User
from webapp.annotation.models import AnalysisSet
from webapp.experiments.models import Run


class Registration(models.Model):
    """One comparison announced: on which data, against which run, by which settings, and what would matter.

    Append-only by database rights. `category` is empty for every query; with one, `analysis_set` says whose, null where
    that set is to be frozen later. `settings` are those of `method` that are fixed; `seen` are the runs that had
    already answered by then: with one the registration came after looking and counts for nothing.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="registrations", db_constraint=False)
    title = models.CharField(max_length=160)
    baseline = models.ForeignKey(Run, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False)
    baseline_title = models.CharField(max_length=200)
    baseline_fingerprint = models.CharField(max_length=64)
    data_hash = models.CharField(max_length=64)
    data_name = models.CharField(max_length=120)
    direction = models.CharField(max_length=16)
    category = models.CharField(max_length=40, blank=True)
    analysis_set = models.ForeignKey(
        AnalysisSet, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    metric = models.CharField(max_length=40)
    smallest_effect = models.FloatField()  # a share of the queries; negative where a loss is expected
    broken_share = models.FloatField(default=0.0)  # expected to be broken on the way: what the power rests on
    n = models.IntegerField()
    stopping_rule = models.TextField()
    method = models.CharField(max_length=80)
    settings = models.JSONField(default=dict)
    seen = models.JSONField(default=list)
    content_hash = models.CharField(max_length=64)
    registered_by = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    registered_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="registration_of_project"),
            models.Index(fields=["baseline", "id"], name="registration_of_baseline"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(smallest_effect__gte=-1, smallest_effect__lte=1) & ~Q(smallest_effect=0),
                name="registration_effect_is_a_share",
            ),
            models.CheckConstraint(condition=Q(n__gte=1), name="registration_has_queries"),
            models.CheckConstraint(
                condition=Q(analysis_set__isnull=True) | ~Q(category=""), name="registration_set_has_a_category"
            ),
        ]


class Withdrawal(models.Model):
    """A registration taken back: it stays, with this beside it. Append-only by database rights."""

    registration = models.OneToOneField(
        Registration, on_delete=models.PROTECT, related_name="withdrawal", db_constraint=False
    )
    reason = models.TextField()
    withdrawn_by = models.ForeignKey(
        User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    withdrawn_at = models.DateTimeField()
