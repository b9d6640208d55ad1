"""Reads caption files: those of a project, one of them, and who may be chosen for a new one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from django.db.models import Count, QuerySet

from webapp.accounts.models import Project
from webapp.corpora.models import Corpus
from webapp.experiments.models import CaptionFile


def files_of(project: Project) -> QuerySet[CaptionFile]:
    """Newest first, each with the number of runs that use it."""
    found = CaptionFile.objects.filter(project=project).select_related("corpus", "created_by")
    return found.annotate(run_count=Count("used_by__run", distinct=True)).order_by("-id")


def file_of(project: Project, file_id: int) -> CaptionFile | None:
    """One file of this project."""
    return files_of(project).filter(pk=file_id).first() if file_id < 2**63 else None


def corpora_of(project: Project) -> list[tuple[int, str]]:
    """The classification sets that captions may be brought for."""
    states = [Corpus.State.READY, Corpus.State.IMPORTING]
    found = Corpus.objects.filter(project=project, task="classification", state__in=states)
    return list(found.order_by("name").values_list("pk", "name"))


def corpus_of(project: Project, corpus_id: int) -> Corpus | None:
    """One data set of this project."""
    return Corpus.objects.filter(project=project, pk=corpus_id).first() if corpus_id < 2**63 else None


def download_name(file: CaptionFile) -> str:
    """What it is called where it is kept."""
    return f"captions-{file.pk}{PurePosixPath(file.key).suffix}"


def named_keys() -> Iterable[str]:
    """Every key of the store that a row names."""
    return CaptionFile.objects.values_list("key", flat=True)
