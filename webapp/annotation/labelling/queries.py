"""Reads for the labelling page: whose campaign it is, how far they are, what they said, why nothing is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from webapp.accounts.ahead import take_more
from webapp.accounts.models import Project, User
from webapp.annotation.labelling import sql
from webapp.annotation.labelling.answers import Handed
from webapp.annotation.models import Annotator, Campaign, Label, Slot
from webapp.corpora.models import Item
from webapp.statements import rows

PAGE = 20
LEFT_AT, CAMPAIGN, USER = (sql.OWN.index(name) for name in ("left_at", "campaign_id", "user_id"))
PROJECT = len(sql.OWN) + sql.THEIRS.index("project_id")


def annotator_of(project: Project, campaign_id: int, user: User, *, left_too: bool = False) -> Annotator | None:
    """Somebody's row in a campaign of a project, with the campaign; None where they are not in it.

    Who left it is found only with `left_too`: what they had said before is still taken.
    """
    row = take_more(sql.DOOR_AHEAD)
    if row is None or (row[CAMPAIGN], row[USER], row[PROJECT]) != (campaign_id, user.pk, project.pk):
        found = rows(sql.DOOR, {"project": project.pk, "campaign": campaign_id, "user": user.pk})
        row = found[0] if found else None
    if row is None or (row[LEFT_AT] is not None and not left_too):
        return None
    own, theirs, reminder = row[: len(sql.OWN)], row[len(sql.OWN) : -1], row[-1]
    annotator = Annotator.from_db("default", sql.OWN, own)
    annotator.keys = json.loads(annotator.keys) if isinstance(annotator.keys, str) else annotator.keys
    annotator.campaign = Campaign.from_db("default", sql.THEIRS, theirs)
    annotator.user, annotator.campaign.project = user, project
    annotator.open_reminder = json.loads(reminder) if reminder else None
    return annotator


def progress_of(annotator: Annotator, counted: Sequence[Any] | None = None) -> dict[str, int]:
    """How far somebody is: `done` of `total` (their share; 0 in a pool without a quota, where nobody knows).

    `counted` is what sql.PROGRESS has told already.
    """
    if counted is None:
        [counted] = rows(sql.PROGRESS, {"campaign": annotator.campaign_id, "annotator": annotator.pk})
    done, left, skipped = counted
    total = done + left
    if annotator.campaign.mode == Campaign.Mode.POOL:
        total = annotator.quota if annotator.quota is not None else 0
    return {"done": done, "total": total, "skipped": skipped}


@dataclass(frozen=True)
class Said:
    """A task and what the annotator now says of it."""

    task: Handed
    answer: dict[str, Any]
    cursor: str


def done_before(annotator: Annotator, before: tuple[datetime, int] | None) -> list[Said]:
    """Somebody's own answers from the newest on, those before a time and task."""
    labels = Label.objects.filter(campaign=annotator.campaign_id, annotator=annotator)
    labels = labels.exclude(category="", skip_reason="").order_by("-answered_at", "-task_id")
    if before is not None:
        labels = labels.filter(Q(answered_at__lt=before[0]) | Q(answered_at=before[0], task__lt=before[1]))
    return [
        Said(
            Handed(row.task_id, row.task.prompt, row.task.right, row.task.given),
            answer_of(row),
            f"{row.answered_at.isoformat()}~{row.task_id}",
        )
        for row in labels.select_related("task")[:PAGE]
    ]


def answer_of(label: Label) -> dict[str, Any]:
    """A label as the page keeps it."""
    return {
        "kind": "skip" if label.skip_reason else "answer",
        "category": label.category,
        "subtype": label.subtype,
        "skip_reason": label.skip_reason,
        "confidence": label.confidence,
        "note": label.note,
        "flagged": label.flagged,
        "first_choice_ms": label.first_choice_ms,
        "spent_ms": label.spent_ms,
    }


def picture_of(annotator: Annotator, task_id: int) -> tuple[Handed, int | None] | None:
    """A task of the campaign with the data set its pictures are in; None where there is no such task."""
    found = rows(sql.TASK, {"task": task_id, "campaign": annotator.campaign_id})
    return (Handed.from_row(found[0]), annotator.campaign.corpus_id) if found else None


def file_hash_of(corpus_id: int | None, number: int) -> str | None:
    """What the store keeps an item's picture under."""
    return Item.objects.filter(corpus=corpus_id, number=number).values_list("file_hash", flat=True).first()


def why_empty(annotator: Annotator) -> dict[str, Any]:
    """Why there is nothing to label, and what next, in words; `again`: whether asking again may help."""
    campaign = annotator.campaign
    if annotator.left_at is not None:
        return _said(_("You are no longer in this campaign."), _("Everything you said is kept. Thank you."), False)
    if campaign.state == Campaign.State.PAUSED:
        return _said(
            _("This campaign is paused."), _("Your answers are kept. It goes on when somebody opens it again."), True
        )
    if campaign.state == Campaign.State.FINISHED:
        return _said(_("This campaign is finished."), _("Your answers are kept. Thank you."), False)
    slots = Slot.objects.filter(campaign=campaign)
    if campaign.mode == Campaign.Mode.POOL:
        return _empty_pool(annotator)
    others = slots.filter(state__in=["open", "leased", "free"]).exclude(annotator=annotator).count()
    if not slots.filter(annotator=annotator).exclude(state="withdrawn").exists():
        return _said(_("No items were given to you."), _("Ask whoever runs the campaign for a share."), True)
    if others:
        return _said(
            _("You have labelled your whole share."),
            ngettext("%(n)d answer of the others is still to come.", "%(n)d answers of the others are still to come.",
                     others) % {"n": others},
            True,
        )  # fmt: skip
    return _said(
        _("Everything is labelled."),
        _("You and the others are done. A reviewer looks at the disagreements next."),
        True,
    )


def _empty_pool(annotator: Annotator) -> dict[str, Any]:
    slots = Slot.objects.filter(campaign=annotator.campaign_id)
    free, leased = slots.filter(state="free").count(), slots.filter(state="leased").exclude(annotator=annotator).count()
    if annotator.quota is not None and annotator.held >= annotator.quota:
        return _said(_("You have labelled your whole share."), _("Ask whoever runs the campaign for more."), True)
    title = _("No items left for you.")
    if free:
        text = ngettext("%(n)d waits for a second annotator.", "%(n)d wait for a second annotator.", free)
        return _said(title, text % {"n": free}, True)
    if leased:
        text = ngettext("%(n)d is with another annotator now; it comes back if it is left.",
                        "%(n)d are with other annotators now; they come back if they are left.", leased)  # fmt: skip
        return _said(title, text % {"n": leased}, True)
    return _said(_("Everything is labelled."), _("A reviewer looks at the disagreements next."), True)


def _said(title: str, text: str, again: bool) -> dict[str, Any]:
    return {"title": title, "text": text, "again": again}
