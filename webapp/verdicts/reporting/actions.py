"""Keeps a report, writes new words on it, removes it. Its numbers have no action: they never change."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.corpora.models import Corpus
from webapp.verdicts.models import Report, ReportText
from webapp.verdicts.reporting import files
from webapp.verdicts.reporting.drafting import Draft
from webapp.verdicts.reporting.gathering import snapshot_of


def hash_of(snapshot: dict[str, Any]) -> str:
    """SHA-256 (hex) of a snapshot, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(snapshot, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def keep_report(*, draft: Draft, title: str, words: str, actor: User, now: datetime) -> Report:
    """The report as its numbers stand now. BadInput where they cannot be, or are not there yet."""
    if draft.refusals:
        raise BadInput(" ".join(draft.refusals))
    if not draft.something:
        raise BadInput(_("Choose two runs, a set or a campaign first."))
    if draft.failure:
        raise BadInput(_("The comparison's numbers could not be made: %(why)s") % {"why": draft.failure})
    if not draft.ready:
        raise BadInput(_("The numbers are still being made; try again in a moment."))
    folder, snapshot = files.new_folder(), snapshot_of(draft)
    if draft.baseline is not None and draft.baseline.corpus_id is not None:
        corpus = Corpus.objects.get(pk=draft.baseline.corpus_id)
        snapshot = files.copy_pictures(corpus, snapshot, folder)
    with transaction.atomic():
        report = Report.objects.create(
            project=draft.project, campaign=draft.campaign, snapshot=snapshot, content_hash=hash_of(snapshot),
            folder=folder, created_by=actor, created_at=now,
        )  # fmt: skip
        _write(report, 1, title, words, actor, now)
        details = {"report": report.pk, "content_hash": report.content_hash}
        record(verb="report.kept", actor=actor, project=draft.project, target=title, details=details, now=now)
    return report


def write_words(*, report: Report, title: str, words: str, actor: User, now: datetime) -> ReportText:
    """A new version of title and words; those before stay."""
    with transaction.atomic():
        type(report.project).objects.select_for_update().get(pk=report.project_id)  # one version after another
        newest = ReportText.objects.filter(report=report).order_by("-number").first()
        number = newest.number if newest else 0
        if newest and (newest.title, newest.words) == (title, words):
            return newest
        text = _write(report, number + 1, title, words, actor, now)
        details = {"report": report.pk, "version": text.number}
        record(verb="report.rewritten", actor=actor, project=report.project, target=title, details=details, now=now)
    return text


def remove_report(*, report: Report, actor: User, now: datetime) -> None:
    """Removes a report with all its versions and pictures."""
    with transaction.atomic():
        newest = ReportText.objects.filter(report=report).order_by("-number").first()
        details = {"report": report.pk, "content_hash": report.content_hash}
        title = newest.title if newest else ""
        files.forget(report.folder)
        project = report.project
        report.delete()
        record(verb="report.removed", actor=actor, project=project, target=title, details=details, now=now)


def _write(report: Report, number: int, title: str, words: str, actor: User, now: datetime) -> ReportText:
    return ReportText.objects.create(
        report=report, number=number, title=title, words=words, written_by=actor, written_at=now
    )
