"""Writes taxonomies: a version once, never changed; what is changed becomes the next version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.datasets.decoding import announced
from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from ml_core.taxonomy import Taxonomy as Document
from ml_core.taxonomy_of_classes import CLASSIFICATION
from webapp.accounts.actions.audit import record
from webapp.accounts.models import Project, User
from webapp.annotation.models import Taxonomy, TaxonomyPicture, TaxonomyVersion
from webapp.annotation.taxonomies.queries import PREFIX
from webapp.corpora.displaying import encoded
from webapp.corpora.files import store

CLASSIFY = "classify"
DEFAULTS = {False: ("Retrieval failures", DEFAULT), True: ("Classification failures", CLASSIFICATION)}
LARGEST = 1280  # pixels of an example picture's longer edge


@transaction.atomic
def default_version(*, project: Project, now: datetime, direction: str = "") -> TaxonomyVersion:
    """The newest version of the project's default taxonomy for failures of this direction, which is made when it is
    first asked for."""
    name, document = DEFAULTS[direction == CLASSIFY]
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    found = Taxonomy.objects.filter(project=project, name=name).first()
    if found is None:
        return create_taxonomy(project=project, name=name, document=document, actor=None, now=now)
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
        raise BadInput(_("A taxonomy needs a name."), field="name")
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if Taxonomy.objects.filter(project=project, name=name).exists():
        raise BadInput(_("This project has a taxonomy “%(name)s” already.") % {"name": name}, field="name")
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


@transaction.atomic
def copy_taxonomy(
    *, version: TaxonomyVersion, project: Project, name: str, actor: User | None, now: datetime
) -> TaxonomyVersion:
    """A new taxonomy that begins with what a version says; its example pictures are shared by content."""
    made = create_taxonomy(
        project=project, name=name, document=Document.model_validate(version.document), guide=version.guide,
        actor=actor, now=now,
    )  # fmt: skip
    if not version.examples:
        return made
    wanted = {entry["picture"] for entry in version.examples}
    moved: dict[int, int] = {}
    for picture in TaxonomyPicture.objects.filter(pk__in=wanted):
        copied = TaxonomyPicture.objects.create(
            taxonomy=made.taxonomy, key=picture.key, sha256=picture.sha256, width=picture.width, height=picture.height,
            created_at=now,
        )  # fmt: skip
        moved[picture.pk] = copied.pk
    examples = [
        {**entry, "picture": moved[entry["picture"]]} for entry in version.examples if entry["picture"] in moved
    ]
    return add_version(
        taxonomy=made.taxonomy, document=Document.model_validate(version.document), guide=version.guide,
        examples=examples, note="Examples copied", actor=actor, now=now,
    )  # fmt: skip


@transaction.atomic
def archive_taxonomy(*, taxonomy: Taxonomy, archived: bool, actor: User | None, now: datetime) -> Taxonomy:
    """Out of what new campaigns may choose, or back; campaigns that use it go on."""
    row = Taxonomy.objects.select_for_update(no_key=True).get(pk=taxonomy.pk)
    if (row.archived_at is not None) == archived:
        return row
    row.archived_at = now if archived else None
    row.save(update_fields=["archived_at"])
    verb = "taxonomy.archived" if archived else "taxonomy.brought_back"
    record(verb=verb, actor=actor, project=row.project, target=row.name, now=now)
    return row


def keep_picture(*, taxonomy: Taxonomy, data: bytes, now: datetime) -> TaxonomyPicture:
    """A picture for examples: decoded, then kept re-encoded, without whatever else was in its file.

    BadInput (BrokenPicture) for anything that is no picture, SVG and decompression bombs among them.
    """
    clean = encoded(data, LARGEST)
    sha = hashlib.sha256(clean).hexdigest()
    found = TaxonomyPicture.objects.filter(taxonomy=taxonomy, sha256=sha).first()
    if found is not None:
        return found
    facts = announced(clean)
    key = f"{PREFIX}/{taxonomy.pk}/{sha}.webp"
    store().write_bytes(key, clean)
    return TaxonomyPicture.objects.create(
        taxonomy=taxonomy, key=key, sha256=sha, width=facts.width, height=facts.height, created_at=now
    )


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
