"""Taxonomies over the API: read them, begin one, write the next version."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from ml_core.taxonomy import LANGUAGES
from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.models import Taxonomy, TaxonomyVersion
from webapp.annotation.taxonomies import actions, queries
from webapp.annotation.taxonomies.colours import DARK, LIGHT, unreadable
from webapp.annotation.taxonomies.drafts import LONGEST_GUIDE
from webapp.annotation.taxonomies.files import document_from
from webapp.api import checked


class VersionIn(serializers.Serializer[Any]):
    """What a version says: `taxonomy` as a version's `document` has it, `guide` Markdown by language."""

    taxonomy = serializers.JSONField()
    guide = serializers.DictField(child=serializers.CharField(max_length=LONGEST_GUIDE), required=False, default=dict)
    note = serializers.CharField(max_length=300, default="", allow_blank=True)


class TaxonomyIn(VersionIn):
    """A taxonomy to be made."""

    name = serializers.CharField(max_length=120)


class VersionOut(serializers.ModelSerializer[TaxonomyVersion]):
    """A version."""

    class Meta:
        model = TaxonomyVersion
        fields = ("id", "taxonomy", "number", "document", "guide", "content_hash", "note", "created_at")


class TaxonomyRowOut(serializers.Serializer[Any]):
    """A taxonomy in the list."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    changed_at = serializers.DateTimeField()
    campaigns = serializers.IntegerField()
    archived = serializers.BooleanField()


class Taxonomies(ProjectAPIView):
    """The taxonomies of a project."""

    capability = {"GET": "taxonomy.view", "POST": "taxonomy.manage"}
    serializer_class = VersionOut

    @extend_schema(responses=TaxonomyRowOut(many=True), operation_id="taxonomies")
    def get(self, request: Request, slug: str) -> Response:
        """All of them, by name."""
        return Response(TaxonomyRowOut(queries.taxonomies_of(self.project), many=True).data)

    @extend_schema(request=TaxonomyIn, responses={201: VersionOut}, operation_id="taxonomy_create")
    def post(self, request: Request, slug: str) -> Response:
        """Make one."""
        values = checked(TaxonomyIn, request)
        made = actions.create_taxonomy(
            project=self.project, name=values["name"], actor=self.person, now=timezone.now(), **_said(values)
        )
        return Response(VersionOut(made).data, status=201)


class TaxonomyDetail(ProjectAPIView):
    """One taxonomy."""

    capability = {"GET": "taxonomy.view", "POST": "taxonomy.manage"}
    serializer_class = VersionOut

    @extend_schema(responses=VersionOut(many=True), operation_id="taxonomy_versions")
    def get(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Its versions, newest first."""
        return Response(VersionOut(queries.versions_of(_found(self, taxonomy_id)), many=True).data)

    @extend_schema(request=VersionIn, responses={201: VersionOut}, operation_id="taxonomy_change")
    def post(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Write the next version; where nothing differs the newest one comes back."""
        found, values = _found(self, taxonomy_id), checked(VersionIn, request)
        examples = queries.versions_of(found)[0].examples
        made = actions.add_version(
            taxonomy=found, examples=examples, note=values["note"], actor=self.person, now=timezone.now(),
            **_said(values),
        )  # fmt: skip
        return Response(VersionOut(made).data, status=201)


def _said(values: dict[str, Any]) -> dict[str, Any]:
    document = document_from(values["taxonomy"])
    for category in document.categories:
        for colour, ground in ((category.colour, LIGHT), (category.colour_dark, DARK)):
            if text := unreadable(colour, ground):
                raise BadInput(f"{category.key}: {text}", field="taxonomy")
    if unknown := sorted(set(values["guide"]) - set(LANGUAGES)):
        raise BadInput(f"A guide is in {', '.join(LANGUAGES)}; there is no {', '.join(unknown)}.", field="guide")
    return {"document": document, "guide": values["guide"]}


def _found(view: ProjectAPIView, taxonomy_id: int) -> Taxonomy:
    found = queries.taxonomy_of(view.project, taxonomy_id)
    if found is None:
        raise Http404
    return found
