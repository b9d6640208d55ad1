"""Reports: what a loop came to, as it stood when somebody kept it, and their words on it."""

from __future__ import annotations

from django.db import models

from webapp.accounts.models import Project, User
from webapp.annotation.models import Campaign


class Report(models.Model):
    """Numbers and examples of a loop, kept whole: what it was made from may change or go.

    By database rights a report can be added and removed, never changed. `snapshot` is as
    `webapp.verdicts.reporting.gathering` makes it, `content_hash` its SHA-256; its pictures lie below `folder` of the
    store. `campaign` is the one whose labels it shows.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="reports", db_constraint=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, related_name="reports", db_constraint=False
    )
    snapshot = models.JSONField()
    content_hash = models.CharField(max_length=64)
    folder = models.CharField(max_length=80)
    created_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="report_of_project")]


class ReportText(models.Model):
    """A version of a report's title and words; the newest is shown. Not changed either, by database rights."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="texts")
    number = models.IntegerField()  # 1, 2, … within the report
    title = models.CharField(max_length=160)
    words = models.TextField(blank=True)
    written_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    written_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="report_text_once")]
