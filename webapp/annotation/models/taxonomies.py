"""Taxonomies: each a line of versions, and a version never changes, so changing one leaves open work alone."""

from __future__ import annotations

from django.db import models

from webapp.accounts.models import Project, User


class Taxonomy(models.Model):
    """A named taxonomy of a project; what it says stands in its versions."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="taxonomies")
    name = models.CharField(max_length=120)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="taxonomy_name_once_per_project")]

    def __str__(self) -> str:
        return self.name


class TaxonomyVersion(models.Model):
    """What a taxonomy said from one moment on. Append-only by database rights.

    `document` is `ml_core.taxonomy.Taxonomy` as JSON (categories, subtypes, keys, colours, words, rules). `guide` is
    the long guide as Markdown by language, `examples` a list of {"choice", "picture": TaxonomyPicture id, "note"}.
    """

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    document = models.JSONField()
    guide = models.JSONField(default=dict)
    examples = models.JSONField(default=list)
    content_hash = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True)  # what changed, in its author's words
    created_by = models.ForeignKey(User, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["taxonomy", "number"], name="taxonomy_version_once")]


class TaxonomyPicture(models.Model):
    """A picture in a guide, re-encoded when it came in; its bytes lie in the store."""

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.CASCADE, related_name="pictures")
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    width = models.IntegerField()
    height = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["taxonomy", "sha256"], name="taxonomy_picture_once")]
