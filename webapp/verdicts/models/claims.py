"""Claims: comparisons kept as one file each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from webapp.accounts.models import Project, User
from webapp.annotation.models import AnalysisSet
from webapp.verdicts.models.registrations import Registration


class Claim(models.Model):
    """A bundle in the store, named by what is in it: `digest` is the hash of its manifest, so of every file.

    `runs` are [id, attempt, title] in the order of the comparison; `query` is the address of the comparison's page.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="claims")
    digest = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    byte_count = models.BigIntegerField()
    runs = models.JSONField()
    baseline = models.BigIntegerField()
    query = models.CharField(max_length=2000)
    mode = models.CharField(max_length=12)
    data_hash = models.CharField(max_length=64)
    analysis_set = models.ForeignKey(
        AnalysisSet, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False
    )
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, null=True, related_name="claims", db_constraint=False
    )
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="claim_of_project")]
        constraints = [
            models.UniqueConstraint(fields=["project", "digest"], name="claim_once"),
            models.CheckConstraint(condition=Q(mode__in=["exploratory", "confirmatory"]), name="claim_mode_known"),
        ]
