"""The thing an address names, or 404; always within the project that the door let into."""

from __future__ import annotations

from django.http import Http404

from webapp.accounts.models import Project
from webapp.corpora import queries
from webapp.corpora.models import Corpus, Import, SourceRoot
from webapp.corpora.queries.folders import root_of
from webapp.corpora.queries.imports import import_of


def corpus_or_404(project: Project, corpus_id: int) -> Corpus:
    """A data set of the project, whatever its state."""
    corpus = queries.corpus_of(project, corpus_id)
    if corpus is None:
        raise Http404("No such data set.")
    return corpus


def visible_or_404(project: Project, corpus_id: int) -> Corpus:
    """A data set of the project that can be looked at."""
    corpus = queries.visible_corpus(project, corpus_id)
    if corpus is None:
        raise Http404("No such data set.")
    return corpus


def import_or_404(project: Project, import_id: int) -> Import:
    """An import of the project."""
    row = import_of(project, import_id)
    if row is None:
        raise Http404("No such import.")
    return row


def root_or_404(root_id: int) -> SourceRoot:
    """A server folder that is open for imports."""
    root = root_of(root_id)
    if root is None:
        raise Http404("No such folder.")
    return root


def whole_number(text: str | None) -> int | None:
    """A number from an address; None for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
