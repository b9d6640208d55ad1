"""Campaigns: what is to be labelled, by whom, and which answers are still wanted; the database holds the quotas."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Project, User
from webapp.annotation.models.taxonomies import TaxonomyVersion
from webapp.corpora.models import Corpus
from webapp.experiments.models import Run


class Campaign(models.Model):
    """A plan to label a sample of cases, frozen when it is opened.

    `plan` keeps what was asked for: {"size", "overlap", "annotators", "backup", "seed", "stratify": "" | "rank" |
    "margin"}; `strata` how many cases of each stratum there were and were drawn: {name: {"population", "sampled"}}.
    `source` says where the cases came from, in words and as an address's query: {"direction", "query", "upload"}.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")

    class Mode(models.TextChoices):
        SHARES = "shares", _("Fixed shares")
        POOL = "pool", _("Shared pool")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    mode = models.CharField(max_length=16, choices=Mode.choices, default=Mode.SHARES)
    taxonomy_version = models.ForeignKey(TaxonomyVersion, on_delete=models.PROTECT, related_name="campaigns")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, related_name="campaigns")
    corpus = models.ForeignKey(Corpus, on_delete=models.PROTECT, null=True, related_name="campaigns")
    source = models.JSONField(default=dict)
    plan = models.JSONField(default=dict)
    strata = models.JSONField(default=dict)
    population = models.IntegerField()
    blind = models.BooleanField(default=False)  # which picture is which is hidden until the first choice
    submit_on_choice = models.BooleanField(default=False)
    ask_confidence = models.BooleanField(default=False)
    show_gold_feedback = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)  # labels come from a program; every page that shows them says so
    lease_minutes = models.IntegerField(default=15)
    instructions = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-id"], name="campaign_of_project")]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="campaign_name_once_per_project"),
            models.CheckConstraint(condition=Q(state__in=["open", "paused", "finished"]), name="campaign_state_known"),
            models.CheckConstraint(condition=Q(mode__in=["shares", "pool"]), name="campaign_mode_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Annotator(models.Model):
    """A person in a campaign, under a letter: A, B, …. `quota` bounds the slots they may hold (pool mode)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="annotators")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="annotating")
    letter = models.CharField(max_length=4)
    quota = models.IntegerField(null=True)
    held = models.IntegerField(default=0)  # slots given to them that are open, leased or answered
    keys = models.JSONField(default=dict)  # their own keyboard: action -> event.code
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    open_reminder: dict[str, Any] | None = None  # {"id", "text", "by"}: read along where the labelling page asks

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "user"], name="annotator_once_per_campaign"),
            models.UniqueConstraint(fields=["campaign", "letter"], name="annotator_letter_once"),
            models.CheckConstraint(condition=Q(quota__isnull=True) | Q(held__lte=F("quota")), name="quota_is_kept"),
            models.CheckConstraint(condition=Q(held__gte=0), name="held_is_a_count"),
        ]


class Task(models.Model):
    """One thing to label, frozen: a prompt and up to two candidates, each a picture, a text or a page.

    `prompt`, `right` (what was wanted; null where nothing was) and `given` (what the model answered) are
    {"kind": "picture" | "text" | "page", "text"} or {"kind", "number": item of the campaign's corpus | "key": store key
    of an uploaded picture, "width", "height", "name"}. `facts` may hold {"rank", "margin", "right_score",
    "given_score"}: shown to reviewers, never to annotators. `group` is overlap, a letter, pool or backup.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("To be labelled")
        RESERVE = "reserve", _("In reserve")
        UNUSABLE = "unusable", _("Unusable")

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="tasks")
    position = models.IntegerField()  # the order in which it is handed out
    idx = models.CharField(max_length=120)  # its name in files: the number of the case, or what an upload said
    case_number = models.IntegerField(null=True)
    group = models.CharField(max_length=8)
    stratum = models.CharField(max_length=60, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    unusable_reason = models.CharField(max_length=300, blank=True)
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="replaced_by")
    prompt = models.JSONField()
    right = models.JSONField(null=True)
    given = models.JSONField(null=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["campaign", "group", "position"], name="task_of_group")]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="task_position_once"),
            models.UniqueConstraint(fields=["campaign", "idx"], name="task_idx_once"),
            models.CheckConstraint(condition=Q(state__in=["active", "reserve", "unusable"]), name="task_state_known"),
        ]


class Slot(models.Model):
    """One answer that is wanted. Fixed shares name its annotator from the start; in a pool it is free until leased.

    A slot that is open for an annotator stays theirs. A leased one falls back to the pool when its time is over.
    """

    class State(models.TextChoices):
        FREE = "free", _("Free")  # in the pool, nobody's
        OPEN = "open", _("Open")  # somebody's, not answered yet
        LEASED = "leased", _("Leased")  # somebody's until lease_until
        ANSWERED = "answered", _("Answered")
        SKIPPED = "skipped", _("Skipped")
        WITHDRAWN = "withdrawn", _("Withdrawn")  # no longer wanted: its task is unusable or its annotator left

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="slots")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="slots")
    number = models.IntegerField()  # 1, 2, … within the task
    annotator = models.ForeignKey(Annotator, on_delete=models.PROTECT, null=True, related_name="slots")
    position = models.IntegerField()  # the task's, so that one index finds the next
    state = models.CharField(max_length=16, choices=State.choices)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["annotator", "position"], name="slot_open_for", condition=Q(state="open")),
            models.Index(fields=["campaign", "position"], name="slot_free", condition=Q(state="free")),
            models.Index(fields=["campaign", "lease_until"], name="slot_leased", condition=Q(state="leased")),
            models.Index(fields=["campaign", "annotator", "state"], name="slot_progress"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="slot_once_per_task"),
            models.UniqueConstraint(
                fields=["annotator", "task"], name="slot_once_per_annotator", condition=Q(annotator__isnull=False)
            ),
            models.CheckConstraint(
                condition=Q(state__in=["free", "open", "leased", "answered", "skipped", "withdrawn"]),
                name="slot_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="leased", lease_until__isnull=False)
                | ~Q(state="leased") & Q(lease_until__isnull=True),
                name="slot_lease_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["free", "withdrawn"]) | Q(annotator__isnull=False),
                name="slot_belongs_to_somebody",
            ),
            models.CheckConstraint(condition=~Q(state="free") | Q(annotator__isnull=True), name="slot_free_is_nobodys"),
        ]
