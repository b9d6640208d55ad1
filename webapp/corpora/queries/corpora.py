"""The data sets of a project as its list and their pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from webapp.accounts.models import Project
from webapp.corpora.models import Category, Corpus

STRIP = 12  # pictures in a row of the list


@dataclass(frozen=True)
class CorpusRow:
    """A data set in the list. `strip` are numbers of pictures, evenly spaced through the frozen order."""

    id: int
    name: str
    task: str
    state: str
    item_count: int
    caption_count: int
    byte_count: int
    source: str
    simulated: bool
    created_at: datetime
    created_by: str
    run_count: int
    strip: list[int]
    failure: str = ""  # why it never came in, though runs name it


@dataclass(frozen=True)
class CategoryRow:
    """A category with the number of pictures that show it."""

    number: int
    name: str
    supercategory: str
    item_count: int


def corpora_of(project: Project, *, archived: bool = False) -> list[CorpusRow]:
    """Data sets of a project, newest first: those in use, or those put away."""
    states = [Corpus.State.ARCHIVED] if archived else [Corpus.State.READY, Corpus.State.DELETING]
    found = (
        Corpus.objects.filter(project=project, state__in=states)
        .select_related("created_by")
        .annotate(run_count=Count("used_by__run", distinct=True))
        .order_by("-created_at", "-id")
    )
    return [_row(corpus) for corpus in found]


def archived_count(project: Project) -> int:
    """How many data sets are put away."""
    return Corpus.objects.filter(project=project, state=Corpus.State.ARCHIVED).count()


def _row(corpus: Any) -> CorpusRow:
    return CorpusRow(
        id=corpus.pk,
        name=corpus.name,
        task=corpus.get_task_display(),
        state=corpus.state,
        item_count=corpus.item_count,
        caption_count=corpus.caption_count,
        byte_count=corpus.byte_count,
        source=corpus.about.get("imported_from", ""),
        simulated=bool(corpus.about.get("simulated")),
        created_at=corpus.created_at,
        created_by=corpus.created_by.get_username() if corpus.created_by else "",
        run_count=corpus.run_count,
        strip=evenly(corpus.item_count, STRIP) if corpus.state != Corpus.State.DELETING else [],
        failure="" if corpus.content_hash else corpus.about.get("failure", "It never came in."),
    )


def evenly(count: int, wanted: int) -> list[int]:
    """Up to `wanted` numbers spread over 0 … count - 1."""
    return sorted({position * count // wanted for position in range(wanted)}) if count else []


def categories_of(corpus: Corpus) -> list[CategoryRow]:
    """Categories that a picture shows, the commonest first."""
    rows = Category.objects.filter(corpus=corpus, item_count__gt=0).order_by("-item_count", "number")
    return [CategoryRow(row.number, row.name, row.supercategory, row.item_count) for row in rows]


def run_count(corpus: Corpus) -> int:
    """How many runs name a data set."""
    return corpus.used_by.values("run_id").distinct().count()
