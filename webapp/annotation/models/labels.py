"""Labels: the present answer of each annotator, its append-only history, planted truths and reviewers' decisions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from webapp.accounts.models import User
from webapp.annotation.models.campaigns import Annotator, Campaign, Slot, Task


class Label(models.Model):
    """What an annotator now says of a task: a category, or a reason for skipping it; neither once it is taken back.

    It always equals the last of its events. `slot` is null for an answer outside the plan (surplus).
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="labels")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="labels")
    annotator = models.ForeignKey(Annotator, on_delete=models.PROTECT, related_name="labels")
    slot = models.ForeignKey(Slot, on_delete=models.SET_NULL, null=True, related_name="labels")
    category = models.CharField(max_length=40, blank=True)
    subtype = models.CharField(max_length=40, blank=True)
    skip_reason = models.CharField(max_length=40, blank=True)
    confidence = models.SmallIntegerField(null=True)  # 1 guess, 2 fairly sure, 3 sure
    note = models.TextField(blank=True)
    flagged = models.BooleanField(default=False)
    first_choice_ms = models.IntegerField(null=True)  # from the pictures being seen to the first choice
    spent_ms = models.IntegerField(null=True)
    source = models.CharField(max_length=12, default="page")  # page, api, sheet, jsonl, labelstudio
    last_event = models.BigIntegerField()
    answered_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["campaign", "annotator", "-answered_at"], name="label_recent"),
            models.Index(fields=["campaign", "task"], name="label_flagged", condition=Q(flagged=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["task", "annotator"], name="label_once_per_annotator"),
            models.CheckConstraint(condition=Q(category="") | Q(skip_reason=""), name="label_is_one_answer"),
            models.CheckConstraint(condition=Q(subtype="") | ~Q(category=""), name="label_subtype_has_a_category"),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__in=[1, 2, 3]), name="label_confidence_known"
            ),
        ]


class LabelEvent(models.Model):
    """One thing an annotator said, in the order the server heard it. Append-only by database rights.

    `key` is made where the answer is given: what arrives twice is stored once. `state` is the whole answer after it:
    {"category", "subtype", "skip_reason", "confidence", "note", "flagged", "first_choice_ms", "spent_ms"}.
    """

    campaign_id = models.BigIntegerField()
    task_id = models.BigIntegerField()
    annotator_id = models.BigIntegerField()
    key = models.UUIDField()
    kind = models.CharField(max_length=12)  # answer, skip, withdraw
    state = models.JSONField()
    source = models.CharField(max_length=12)
    said_at = models.DateTimeField(null=True)  # by the annotator's clock
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["campaign_id", "-id"], name="label_event_of_campaign"),
            models.Index(fields=["task_id", "annotator_id", "id"], name="label_event_of_label"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["annotator_id", "key"], name="label_event_once"),
            models.CheckConstraint(condition=Q(kind__in=["answer", "skip", "withdraw"]), name="label_event_known"),
        ]


class FirstChoice(models.Model):
    """What an annotator of a blind campaign chose before they were told which side is which. Append-only: one a task.

    Where nothing was asked for (no network, or submitted on choice) the first answer is the first choice.
    """

    campaign_id = models.BigIntegerField()
    task_id = models.BigIntegerField()
    annotator_id = models.BigIntegerField()
    category = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["annotator_id", "task_id"], name="first_choice_once")]


class Gold(models.Model):
    """A truth planted for a task, at any time. Append-only; the newest counts, an empty one takes it back."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="golds", db_constraint=False)
    category = models.CharField(max_length=40, blank=True)
    subtype = models.CharField(max_length=40, blank=True)
    explanation = models.CharField(max_length=400, blank=True)
    planted_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["task", "-id"], name="gold_of_task")]


class Decision(models.Model):
    """What a reviewer decided, or that it is open again (an empty category). Append-only; the newest counts."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="decisions", db_constraint=False)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="decisions", db_constraint=False)
    category = models.CharField(max_length=40, blank=True)
    subtype = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    seen = models.JSONField(default=list)  # the answers as they stood: [[letter, category, subtype], …]
    key = models.UUIDField(unique=True)  # made where it is decided: what arrives twice is stored once
    decided_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["task", "-id"], name="decision_of_task"),
            models.Index(fields=["campaign", "-id"], name="decision_of_campaign"),
        ]
