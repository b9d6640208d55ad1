"""Writes taxonomies: a version once, never changed; what is changed becomes the next version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from ml_core.taxonomy import Taxonomy as Document
from webapp.accounts.actions.audit import record
from webapp.accounts.models import Project, User
from webapp.annotation.models import Taxonomy, TaxonomyVersion

DEFAULT_NAME = "Retrieval failures"


@transaction.atomic
def default_version(*, project: Project, now: datetime) -> TaxonomyVersion:
    """The newest version of the project's default taxonomy, which is made when it is first asked for."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    found = Taxonomy.objects.filter(project=project, name=DEFAULT_NAME).first()
    if found is None:
        return create_taxonomy(project=project, name=DEFAULT_NAME, document=DEFAULT, actor=None, now=now)
    return found.versions.latest("number")


@transaction.atomic
def create_taxonomy(
    *,
    project: Project,
    name: str,
    document: Document,
    actor: User | None,
    now: datetime,
    guide: Mapping[str, str] | None = None,
) -> TaxonomyVersion:
    """A taxonomy with its first version. BadInput where the project has one of this name."""
    name = " ".join(name.split())[:120]
    if not name:
        raise BadInput("A taxonomy needs a name.", field="name")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Taxonomy.objects.filter(project=project, name=name).exists():
        raise BadInput(f"This project has a taxonomy “{name}” already.", field="name")
    made = Taxonomy.objects.create(project=project, name=name, created_by=actor, created_at=now)
    record(verb="taxonomy.created", actor=actor, project=project, target=name, now=now)
    return _written(made, 1, document, guide or {}, (), "", actor, now)


@transaction.atomic
def add_version(
    *,
    taxonomy: Taxonomy,
    document: Document,
    guide: Mapping[str, str],
    examples: Sequence[Mapping[str, Any]],
    note: str,
    actor: User | None,
    now: datetime,
) -> TaxonomyVersion:
    """The taxonomy's next version; its newest one where nothing differs."""
    Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
    newest = taxonomy.versions.latest("number")
    if content_hash(document, guide, examples) == newest.content_hash:
        return newest
    made = _written(taxonomy, newest.number + 1, document, guide, examples, note, actor, now)
    told = {"version": made.number, "note": made.note}
    record(verb="taxonomy.changed", actor=actor, project=taxonomy.project, target=taxonomy.name, details=told, now=now)
    return made


def content_hash(document: Document, guide: Mapping[str, str], examples: Sequence[Mapping[str, Any]]) -> str:
    """What a version says as one number; what the version is called is no part of it."""
    said = [document.model_dump(mode="json", exclude={"version"}), dict(guide), [dict(entry) for entry in examples]]
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _written(
    taxonomy: Taxonomy,
    number: int,
    document: Document,
    guide: Mapping[str, str],
    examples: Sequence[Mapping[str, Any]],
    note: str,
    actor: User | None,
    now: datetime,
) -> TaxonomyVersion:
    return TaxonomyVersion.objects.create(
        taxonomy=taxonomy,
        number=number,
        document=document.model_copy(update={"version": f"{taxonomy.pk}-{number}"}).model_dump(mode="json"),
        guide=dict(guide),
        examples=[dict(entry) for entry in examples],
        content_hash=content_hash(document, guide, examples),
        note=note[:300],
        created_by=actor,
        created_at=now,
    )
