"""What a taxonomy version lets people choose; a version never changes, so a process reads each once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from webapp.annotation.taxonomies.queries import document_numbered

Choices = Mapping[str, frozenset[str]]


@lru_cache(maxsize=256)
def choices_of(version_id: int) -> Choices:
    """The keys of the categories, each with the keys of its subtypes."""
    document = document_numbered(version_id)
    return {category.key: frozenset(subtype.key for subtype in category.subtypes) for category in document.categories}
