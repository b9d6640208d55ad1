"""Analysis sets: one settled label a case, frozen and content-hashed, for runs and reports to name."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Project, User
from webapp.annotation.models.campaigns import Campaign, Task


class AnalysisSet(models.Model):
    """The settled labels of a campaign at one moment. Append-only by database rights; `summary` comes by Calculation.

    `rule` says what settles a case that nobody adjudicated: "consensus" (Dawid–Skene) or "majority".
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="analysis_sets", db_constraint=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="analysis_sets", db_constraint=False)
    number = models.IntegerField()  # 1, 2, … within the campaign
    name = models.CharField(max_length=160)
    rule = models.CharField(max_length=12)
    content_hash = models.CharField(max_length=64)
    item_count = models.IntegerField()
    summary = models.JSONField(default=dict)  # distribution, shares of all failures, what stands behind them
    created_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="analysis_set_of_project")]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="analysis_set_once"),
            models.CheckConstraint(condition=Q(rule__in=["consensus", "majority"]), name="analysis_set_rule_known"),
        ]


class AnalysisItem(models.Model):
    """One case of a set with its one label, and what settled it. Append-only by database rights."""

    class Origin(models.TextChoices):
        ADJUDICATED = "adjudicated", _("Adjudicated")
        GOLD = "gold", _("Gold")
        CONSENSUS = "consensus", _("Consensus")
        MAJORITY = "majority", _("Majority")
        SINGLE = "single", _("One annotator")

    analysis_set = models.ForeignKey(AnalysisSet, on_delete=models.PROTECT, related_name="items", db_constraint=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    idx = models.CharField(max_length=120)
    case_number = models.IntegerField(null=True)
    group = models.CharField(max_length=8)
    stratum = models.CharField(max_length=60, blank=True)
    category = models.CharField(max_length=40)
    subtype = models.CharField(max_length=40, blank=True)
    origin = models.CharField(max_length=12, choices=Origin.choices)
    posterior = models.FloatField(null=True)  # of the consensus for this category
    answer_count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["analysis_set", "task"], name="analysis_item_once")]
