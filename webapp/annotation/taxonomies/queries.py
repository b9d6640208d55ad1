"""Reads taxonomies: their documents as the science knows them."""

from __future__ import annotations

from functools import lru_cache

from ml_core.taxonomy import Taxonomy as Document
from webapp.annotation.models import TaxonomyVersion


def document_of(version: TaxonomyVersion) -> Document:
    """What a version says. A version never changes, so each process reads it once."""
    return _document(version.pk) or Document.model_validate(version.document)


def document_numbered(version_id: int) -> Document:
    """What the version with this id says; TaxonomyVersion.DoesNotExist where there is none."""
    return _document(version_id) or Document.model_validate(TaxonomyVersion.objects.get(pk=version_id).document)


@lru_cache(maxsize=256)
def _document(version_id: int) -> Document | None:
    found = TaxonomyVersion.objects.filter(pk=version_id).values_list("document", flat=True).first()
    return Document.model_validate(found) if found is not None else None
