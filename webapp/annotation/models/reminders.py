"""Reminders: what somebody who runs a campaign told an annotator; it shows until they have seen it."""

from __future__ import annotations

from django.db import models

from webapp.accounts.models import User
from webapp.annotation.models.campaigns import Annotator


class Reminder(models.Model):
    """A line for one annotator. It is over once their labelling page has shown it."""

    annotator = models.ForeignKey(Annotator, on_delete=models.CASCADE, related_name="reminders")
    text = models.CharField(max_length=400, blank=True)
    sent_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    shown_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["annotator", "-at"], name="reminder_newest")]
