"""Reads about data sets, filtered by project; rows come back finished."""

from __future__ import annotations

from webapp.accounts.models import Project
from webapp.corpora.files import url_of
from webapp.corpora.models import Corpus

VISIBLE = (Corpus.State.READY, Corpus.State.ARCHIVED)


def frozen_url(corpus: Corpus) -> str:
    """The reference under which a method opens a data set: `frozen:URL`."""
    return f"frozen:{url_of(corpus.prefix)}"


def corpus_of(project: Project, corpus_id: int) -> Corpus | None:
    """A data set of the project; None where it has none of this number."""
    return Corpus.objects.select_related("project", "created_by").filter(project=project, pk=corpus_id).first()


def visible_corpus(project: Project, corpus_id: int) -> Corpus | None:
    """A data set of the project whose pictures can be looked at; None otherwise."""
    corpus = corpus_of(project, corpus_id)
    return corpus if corpus is not None and corpus.state in VISIBLE and corpus.content_hash else None
