"""Reads taxonomies: their documents as the science knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.db.models import Count
from django.utils.translation import gettext as _

from ml_core.taxonomy import Taxonomy as Document
from ml_core.taxonomy_of_classes import for_classes
from webapp.accounts.models import Project
from webapp.annotation.models import Campaign, Taxonomy, TaxonomyPicture, TaxonomyVersion
from webapp.corpora.files import store

PREFIX = "taxonomies"  # of the store: where example pictures lie


def document_of(version: TaxonomyVersion) -> Document:
    """What a version says. A version never changes, so each process reads it once."""
    return _document(version.pk) or Document.model_validate(version.document)


def document_numbered(version_id: int) -> Document:
    """What the version with this id says; TaxonomyVersion.DoesNotExist where there is none."""
    return _document(version_id) or Document.model_validate(TaxonomyVersion.objects.get(pk=version_id).document)


def names_of(document: Document, language: str) -> dict[str, str]:
    """What the page's language calls each category and subtype, by key."""
    return {choice.key: choice.say(language).name for choice in document.choices}


def newest_of(version: TaxonomyVersion) -> TaxonomyVersion:
    """The newest version of the same taxonomy."""
    return TaxonomyVersion.objects.filter(taxonomy=version.taxonomy_id).latest("number")


def version_of(project: Project, version_id: int) -> TaxonomyVersion | None:
    """A version of one of this project's taxonomies."""
    rows = TaxonomyVersion.objects.select_related("taxonomy").filter(taxonomy__project=project, pk=version_id)
    return rows.first() if version_id < 2**63 else None


def versions_to_use(project: Project) -> list[tuple[TaxonomyVersion, str]]:
    """The newest version of every taxonomy that is not archived, with its name, the newest taxonomy first."""
    rows = TaxonomyVersion.objects.filter(taxonomy__project=project, taxonomy__archived_at=None)
    newest = rows.select_related("taxonomy").order_by("-taxonomy", "-number").distinct("taxonomy")
    return [(row, _("%(name)s, version %(n)d") % {"name": row.taxonomy.name, "n": row.number}) for row in newest]


def versions_for(
    project: Project, direction: str
) -> tuple[list[tuple[TaxonomyVersion, str]], list[tuple[TaxonomyVersion, str]]]:
    """The same, those made for failures of this direction apart from the others."""
    found = versions_to_use(project)
    fitting = [for_classes(document_of(row)) == (direction == "classify") for row, _label in found]
    return (
        [one for one, fits in zip(found, fitting, strict=True) if fits],
        [one for one, fits in zip(found, fitting, strict=True) if not fits],
    )


def choices_to_show(project: Project, language: str = "en") -> list[tuple[str, list[tuple[str, str]]]]:
    """(a taxonomy, [("its id:a key", words)]) of everything that can have an example: categories and subtypes."""
    found = []
    for version, label in versions_to_use(project):
        choices = []
        for category in document_of(version).categories:
            name = category.say(language).name
            choices.append((f"{version.taxonomy_id}:{category.key}", name))
            fine = [(f"{version.taxonomy_id}:{sub.key}", sub.say(language).name) for sub in category.subtypes]
            choices += [(value, f"{name} / {words}") for value, words in fine]
        found.append((label, choices))
    return found


@dataclass(frozen=True)
class TaxonomyRow:
    """A taxonomy in the list."""

    id: int
    name: str
    version: int
    changed_at: datetime
    categories: list[tuple[str, str, str]]  # name, colour for light, for dark pages
    campaigns: int
    archived: bool


def taxonomies_of(project: Project, language: str = "en") -> list[TaxonomyRow]:
    """Every taxonomy of a project with its newest version, archived ones last. Two queries."""
    versions = TaxonomyVersion.objects.filter(taxonomy__project=project).select_related("taxonomy")
    newest = versions.order_by("taxonomy", "-number").distinct("taxonomy")
    counted = Campaign.objects.filter(project=project).values_list("taxonomy_version__taxonomy").order_by()
    used = dict(counted.annotate(count=Count("pk")))
    rows = [
        TaxonomyRow(
            row.taxonomy_id, row.taxonomy.name, row.number, row.created_at,
            [(one.say(language).name, one.colour, one.colour_dark) for one in
             Document.model_validate(row.document).categories],
            used.get(row.taxonomy_id, 0), row.taxonomy.archived_at is not None,
        )
        for row in newest
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row.archived, row.name.lower()))


def taxonomy_of(project: Project, taxonomy_id: int) -> Taxonomy | None:
    """A taxonomy of this project."""
    found = Taxonomy.objects.filter(project=project, pk=taxonomy_id).first() if taxonomy_id < 2**63 else None
    if found is not None:
        found.project = project
    return found


def versions_of(taxonomy: Taxonomy) -> list[TaxonomyVersion]:
    """Every version, newest first."""
    return list(TaxonomyVersion.objects.filter(taxonomy=taxonomy).select_related("created_by").order_by("-number"))


def pictures_of(taxonomy: Taxonomy) -> dict[int, TaxonomyPicture]:
    """The pictures that its examples may show."""
    return {picture.pk: picture for picture in TaxonomyPicture.objects.filter(taxonomy=taxonomy)}


def picture_of(taxonomy: Taxonomy, picture_id: int) -> TaxonomyPicture | None:
    """One of its pictures."""
    return TaxonomyPicture.objects.filter(taxonomy=taxonomy, pk=picture_id).first() if picture_id < 2**63 else None


def bytes_of(picture: TaxonomyPicture) -> bytes | None:
    """The picture as it was re-encoded; None where its file is gone."""
    try:
        return store().read_bytes(picture.key)
    except FileNotFoundError:
        return None


def named_files() -> Iterable[str]:
    """The file of every picture that has a row, for the sweep; copies of a taxonomy name the same files."""
    return TaxonomyPicture.objects.values_list("key", flat=True).iterator()


def campaigns_with(taxonomy: Taxonomy) -> list[tuple[int, str, int]]:
    """Id, name and version of the campaigns that use it."""
    rows = Campaign.objects.filter(taxonomy_version__taxonomy=taxonomy).order_by("-pk")
    return list(rows.values_list("pk", "name", "taxonomy_version__number"))


@lru_cache(maxsize=256)
def _document(version_id: int) -> Document | None:
    found = TaxonomyVersion.objects.filter(pk=version_id).values_list("document", flat=True).first()
    return Document.model_validate(found) if found is not None else None
