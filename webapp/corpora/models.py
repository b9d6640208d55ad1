"""Registered data sets: frozen, content-hashed, their rows in a partition each."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from webapp.accounts.models import Project, User


class Corpus(models.Model):
    """A data set of a project: pictures and frozen files in the store under `prefix`, rows in partitions of its own."""

    class State(models.TextChoices):
        IMPORTING = "importing", _("Importing")
        READY = "ready", _("Ready")
        ARCHIVED = "archived", _("Archived")
        DELETING = "deleting", _("Deleting")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="corpora")
    name = models.CharField(max_length=120)
    task = models.CharField(
        max_length=16, choices=[("retrieval", _("Retrieval")), ("classification", _("Classification"))]
    )
    state = models.CharField(max_length=16, choices=State.choices, default=State.IMPORTING)
    content_hash = models.CharField(max_length=64, blank=True)
    item_count = models.IntegerField(default=0)
    caption_count = models.IntegerField(default=0)
    byte_count = models.BigIntegerField(default=0)
    about = models.JSONField(default=dict)  # source, licence, sampling, simulated, domain phrase
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="corpus_name_once_per_project"),
            models.CheckConstraint(
                condition=models.Q(state__in=["importing", "ready", "archived", "deleting"]), name="corpus_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def prefix(self) -> str:
        """Where the store keeps this corpus: `frozen.json`, tables and pictures."""
        return f"corpora/{self.pk}"


class Category(models.Model):
    """A named class of objects (retrieval) or the classes themselves (classification), numbered in the frozen order."""

    corpus = models.ForeignKey(Corpus, on_delete=models.CASCADE, related_name="categories")
    number = models.IntegerField()
    external_id = models.IntegerField()
    name = models.CharField(max_length=400)
    supercategory = models.CharField(max_length=200, blank=True)
    item_count = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["corpus", "number"], name="category_number_once")]


class Item(models.Model):
    """A picture, by its number in the frozen order. The table is partitioned by corpus; rows arrive by COPY."""

    pk = models.CompositePrimaryKey("corpus_id", "number")
    corpus = models.ForeignKey(Corpus, on_delete=models.DO_NOTHING, db_constraint=False, related_name="items")
    number = models.IntegerField()
    external_id = models.TextField()
    file_name = models.TextField()
    file_hash = models.CharField(max_length=64)
    byte_count = models.IntegerField()
    width = models.IntegerField()
    height = models.IntegerField()
    label = models.IntegerField(null=True)  # the class's number in a classification set
    category_numbers = ArrayField(models.IntegerField())
    boxes = models.JSONField()  # [[category number, x, y, width, height], ...]

    class Meta:
        managed = False
        db_table = "corpora_item"


class Caption(models.Model):
    """A caption of a picture, by its number in the frozen order. Partitioned by corpus like its pictures."""

    pk = models.CompositePrimaryKey("corpus_id", "number")
    corpus = models.ForeignKey(Corpus, on_delete=models.DO_NOTHING, db_constraint=False, related_name="captions")
    number = models.IntegerField()
    item_number = models.IntegerField()
    external_id = models.TextField()
    text = models.TextField()

    class Meta:
        managed = False
        db_table = "corpora_caption"


class Import(models.Model):
    """A data set on its way in: looked at first (preview), then brought in whole or not at all."""

    class State(models.TextChoices):
        CHECKING = "checking", _("Checking the source")
        CHECKED = "checked", _("Ready to import")
        REFUSED = "refused", _("Cannot be imported")
        QUEUED = "queued", _("Waiting")
        IMPORTING = "importing", _("Importing")
        DONE = "done", _("Imported")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="imports")
    corpus = models.ForeignKey(Corpus, on_delete=models.SET_NULL, null=True, related_name="imports")
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=300, blank=True)  # where it comes from, in words
    reference = models.TextField()  # what ml_core.datasets.opening reads; made by the server, never typed by a browser
    upload_key = models.CharField(max_length=200, blank=True)  # a zip in the store, removed when the import has ended
    leave_out = models.BooleanField(default=False)  # import the rest where something in the source cannot be used
    confirmed_at = models.DateTimeField(null=True)  # may be given beforehand: then a clean source comes in by itself
    state = models.CharField(max_length=16, choices=State.choices, default=State.CHECKING)
    preview = models.JSONField(default=dict)
    progress = models.JSONField(default=dict)
    failure = models.TextField(blank=True)
    attempt = models.IntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="import_waiting", condition=models.Q(state__in=["checking", "queued"])),
            models.Index(fields=["project", "-created_at"], name="import_of_project"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    state__in=["checking", "checked", "refused", "queued", "importing", "done", "failed", "cancelled"]
                ),
                name="import_state_known",
            )
        ]


class SourceRoot(models.Model):
    """A folder of the server below which people may import; named by an administrator."""

    name = models.CharField(max_length=80, unique=True)
    path = models.TextField(unique=True)
    created_at = models.DateTimeField()
