"""Reminders: what somebody who runs a campaign told an annotator; it shows until they answer something."""

from __future__ import annotations

from django.db import models

from webapp.accounts.models import User
from webapp.annotation.models.campaigns import Annotator


class Reminder(models.Model):
    """A line for one annotator. It is over when a label of theirs is younger than it."""

    annotator = models.ForeignKey(Annotator, on_delete=models.CASCADE, related_name="reminders")
    text = models.CharField(max_length=400, blank=True)
    sent_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["annotator", "-at"], name="reminder_newest")]
