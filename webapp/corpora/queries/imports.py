"""Imports of a project and what was found wrong, as their pages show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop

from webapp.accounts.models import Project
from webapp.corpora.models import Import

# What is wrong, in words for a heading; the reader's messages say the rest.
WORDS = {
    "missing-file": gettext_noop("Files that are not there"),
    "unreadable-file": gettext_noop("Files that cannot be read"),
    "broken-picture": gettext_noop("Broken pictures"),
    "not-a-picture": gettext_noop("Files that are no pictures"),
    "huge-picture": gettext_noop("Pictures that are too large"),
    "misnamed-picture": gettext_noop("Pictures of another kind than their name says"),
    "path-outside": gettext_noop("Names that lead out of the folder"),
    "wrong-keys": gettext_noop("Entries that cannot be read"),
    "wrong-type": gettext_noop("Values of the wrong kind"),
    "long-caption": gettext_noop("Captions that are too long"),
    "empty-caption": gettext_noop("Empty captions"),
    "caption-without-picture": gettext_noop("Captions without a picture"),
    "picture-without-caption": gettext_noop("Pictures without a caption, left out as candidates too"),
    "duplicate-id": gettext_noop("Ids that stand there twice"),
    "two-labels": gettext_noop("Pictures listed with two labels"),
    "duplicate-picture": gettext_noop("The same picture twice"),
    "size-differs": gettext_noop("Pictures of another size than declared"),
    "other-file": gettext_noop("Other files"),
    "empty-class": gettext_noop("Classes without a picture"),
    "two-names": gettext_noop("Labels with two names"),
    "long-name": gettext_noop("Names of classes that are too long"),
}
SHOWN = 200


@dataclass(frozen=True)
class ProblemRow:
    """Something wrong with a source."""

    severity: str
    code: str
    words: str
    place: str
    message: str


def open_imports(project: Project) -> list[Import]:
    """Imports that are not over, oldest first, and none that somebody else's data set came of."""
    ended = [Import.State.DONE, Import.State.CANCELLED, Import.State.REFUSED, Import.State.FAILED]
    return list(
        Import.objects.filter(project=project).exclude(state__in=ended).select_related("created_by").order_by("id")
    )


def ended_badly(project: Project, limit: int = 5) -> list[Import]:
    """The latest imports that were refused or failed."""
    states = [Import.State.REFUSED, Import.State.FAILED]
    found = Import.objects.filter(project=project, state__in=states).select_related("created_by").defer("preview")
    return list(found.order_by("-id")[:limit])


def import_of(project: Project, import_id: int) -> Import | None:
    """An import of the project; None where it has none of this number."""
    return (
        Import.objects.select_related("project", "created_by", "corpus").filter(project=project, pk=import_id).first()
    )


def problems_of(row: Import, code: str = "", limit: int | None = SHOWN) -> list[ProblemRow]:
    """What was found wrong, the worst first; of one kind where `code` names it."""
    found = [entry for entry in row.preview.get("problems", []) if not code or entry[1] == code]
    return [ProblemRow(entry[0], entry[1], words_of(entry[1]), entry[2], entry[3]) for entry in found[:limit]]


def problem_counts(row: Import) -> list[dict[str, Any]]:
    """How many problems there are of each kind."""
    return [
        {"severity": severity, "code": code, "words": words_of(code), "count": count}
        for severity, code, count in row.preview.get("problem_counts", [])
    ]


def words_of(code: str) -> str:
    """A kind of problem in words."""
    return gettext(WORDS.get(code, code.replace("-", " ").capitalize()))
