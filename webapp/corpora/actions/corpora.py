"""Puts data sets away, brings them back, and deletes them with everything they hold."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ml_core.spec import BadInput
from webapp.accounts.actions import record
from webapp.accounts.models import User
from webapp.corpora.actions.imports import wake_workers
from webapp.corpora.models import Corpus


@transaction.atomic
def archive_corpus(*, corpus: Corpus, actor: User, now: datetime) -> Corpus:
    """Hide a data set from new runs; what was measured on it stays."""
    return _change(corpus, Corpus.State.READY, Corpus.State.ARCHIVED, "corpus.archived", actor, now, archived_at=now)


@transaction.atomic
def restore_corpus(*, corpus: Corpus, actor: User, now: datetime) -> Corpus:
    """Offer an archived data set to new runs again."""
    if not corpus.content_hash:
        raise BadInput(_("This data set never came in; delete it once no run names it."))
    return _change(corpus, Corpus.State.ARCHIVED, Corpus.State.READY, "corpus.restored", actor, now, archived_at=None)


@transaction.atomic
def delete_corpus(*, corpus: Corpus, actor: User, now: datetime) -> Corpus:
    """Have a data set's rows and files removed by a worker. BadInput, with the reason, while runs name it."""
    corpus = Corpus.objects.select_for_update().get(pk=corpus.pk)
    if corpus.state not in (Corpus.State.READY, Corpus.State.ARCHIVED):
        raise BadInput(
            _("“%(name)s” cannot be deleted now: %(state)s.")
            % {"name": corpus.name, "state": corpus.get_state_display().lower()}
        )
    runs = corpus.used_by.values("run_id").distinct().count()
    if runs:
        said = ngettext(
            "%(n)d run uses “%(name)s”. Delete them first, or archive the data set to hide it from new runs.",
            "%(n)d runs use “%(name)s”. Delete them first, or archive the data set to hide it from new runs.",
            runs,
        )
        raise BadInput(said % {"n": runs, "name": corpus.name})
    corpus.state = Corpus.State.DELETING
    corpus.save(update_fields=["state"])
    told = {"items": corpus.item_count, "bytes": corpus.byte_count}
    record(verb="corpus.deleted", actor=actor, project=corpus.project, target=corpus.name, details=told, now=now)
    wake_workers()
    return corpus


def _change(
    corpus: Corpus, before: str, after: str, verb: str, actor: User, now: datetime, *, archived_at: datetime | None
) -> Corpus:
    corpus = Corpus.objects.select_for_update().get(pk=corpus.pk)
    if corpus.state != before:
        said = _("“%(name)s” is %(state)s; this needs it to be %(wanted)s.")
        states = {"state": corpus.get_state_display().lower(), "wanted": str(Corpus.State(before).label).lower()}
        raise BadInput(said % {"name": corpus.name, **states})
    corpus.state, corpus.archived_at = after, archived_at
    corpus.save(update_fields=["state", "archived_at"])
    record(verb=verb, actor=actor, project=corpus.project, target=corpus.name, now=now)
    return corpus
