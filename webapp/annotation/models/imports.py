"""Files of labels that came in: what was found in them, and whether they were taken."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import User
from webapp.annotation.models.campaigns import Annotator, Campaign


class LabelFile(models.Model):
    """An uploaded file of labels, looked at first and taken when somebody says so; what it holds lies in the store.

    `annotator` is whom the answers are from, null where every record names its own. `report` keeps what came of it:
    {"counts": {verdict: rows}, "spellings", "missing": [idx], "overlap": {letter: [idx]}, "unequal_overlaps"}; its rows
    lie in the store, beside the file.
    """

    class State(models.TextChoices):
        LOOKED_AT = "looked_at", _("Looked at")
        TAKEN = "taken", _("Taken")

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="files")
    annotator = models.ForeignKey(Annotator, on_delete=models.CASCADE, null=True, related_name="files")
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    accounts = models.JSONField(default=dict)  # account of another tool -> annotator's letter
    replace = models.BooleanField(default=False)  # answers that differ from those in the file are replaced by it
    state = models.CharField(max_length=12, choices=State.choices, default=State.LOOKED_AT)
    report = models.JSONField(default=dict)
    uploaded_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    uploaded_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["campaign", "-id"], name="label_file_of_campaign")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["looked_at", "taken"]), name="label_file_state_known"),
            models.CheckConstraint(
                condition=Q(state="taken", taken_at__isnull=False) | Q(state="looked_at", taken_at__isnull=True),
                name="label_file_taken_has_a_time",
            ),
        ]
