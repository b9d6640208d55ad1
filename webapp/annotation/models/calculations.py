"""Statistics that a worker computes for pages: asked for by what they depend on, kept by it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Project


class Calculation(models.Model):
    """One result, or the wish for one. `stamp` names the content that it depends on: same stamp, same result.

    Kinds: "agreement" (request {"campaign": id}), "freeze" (an analysis set to be made: {"campaign", "rule", "name",
    "user"}; its result names the set), "comparison" (of runs; the request names them with their attempts), "claim" (the
    same comparison as a file; its result names the claim), "power" (of a registration), "ledger" (of a
    data set's runs; its result names the file of the history).
    """

    class State(models.TextChoices):
        WANTED = "wanted", _("Waiting")
        WORKING = "working", _("Being computed")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="calculations")
    kind = models.CharField(max_length=20)
    stamp = models.CharField(max_length=120)
    request = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.WANTED)
    result = models.JSONField(default=dict)
    failure = models.TextField(blank=True)
    attempt = models.IntegerField(default=0)
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="calculation_waiting", condition=Q(state__in=["wanted", "working"]))
        ]
        constraints = [
            models.UniqueConstraint(fields=["project", "kind", "stamp"], name="calculation_once"),
            models.CheckConstraint(
                condition=Q(state__in=["wanted", "working", "ready", "failed"]), name="calculation_state_known"
            ),
        ]
