"""What reviewers write: decisions and planted truths. Rows are added, never changed; the newest counts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.annotation.models import Campaign, Decision, Gold, Label, Task
from webapp.annotation.taxonomies.queries import document_of

LONGEST_REASON = 4000


def decide(
    *, campaign: Campaign, task: Task, category: str, subtype: str, reason: str, key: UUID, actor: User, now: datetime
) -> Decision:
    """Settles a task. BadInput for an unknown category, or for one that nobody named without a reason.

    `key` is made where it is decided: sent twice, it is decided once.
    """
    _known(campaign, category, subtype)
    reason = _reason(reason)
    answers = _answers(task)
    if not reason and not any(said == category for _, said, _ in answers):
        raise BadInput(_("Nobody said this: give a reason."), field="reason")
    return _written(campaign, task, category, subtype, reason, answers, key, actor, now, "sample.decided")


def reopen(*, campaign: Campaign, task: Task, reason: str, key: UUID, actor: User, now: datetime) -> Decision:
    """Takes the decision of a task back; it waits in the queue again. BadInput where there is none."""
    newest = Decision.objects.filter(task=task).order_by("-id").first()
    if newest is None or (not newest.category and newest.key != key):
        raise BadInput(_("This sample is not decided."))
    return _written(campaign, task, "", "", _reason(reason), _answers(task), key, actor, now, "sample.reopened")


@transaction.atomic
def plant(
    *, campaign: Campaign, task: Task, category: str, subtype: str, explanation: str, actor: User, now: datetime
) -> Gold:
    """Plants the truth of a task, before or after it was labelled."""
    _known(campaign, category, subtype)
    made = Gold.objects.create(
        task=task, category=category, subtype=subtype, explanation=_reason(explanation)[:400], planted_by=actor, at=now
    )
    _told(campaign, "gold.planted", task, actor, now)
    return made


@transaction.atomic
def take_back(*, campaign: Campaign, task: Task, actor: User, now: datetime) -> None:
    """The task has no planted truth any more."""
    newest = Gold.objects.filter(task=task).order_by("-id").first()
    if newest is None or not newest.category:
        return
    Gold.objects.create(task=task, planted_by=actor, at=now)
    _told(campaign, "gold.taken_back", task, actor, now)


def _known(campaign: Campaign, category: str, subtype: str) -> None:
    of = {entry.key: {sub.key for sub in entry.subtypes} for entry in document_of(campaign.taxonomy_version).categories}
    if category not in of:
        raise BadInput(_("Choose a category."), field="category")
    if subtype and subtype not in of[category]:
        raise BadInput(_("This category has no such subtype."), field="subtype")


def _reason(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_REASON:
        raise BadInput(_("A reason has at most %(n)s characters.") % {"n": f"{LONGEST_REASON:,}"}, field="reason")
    return text


def _answers(task: Task) -> list[tuple[str, str, str]]:
    rows = Label.objects.filter(task=task).exclude(category="").order_by("annotator_id")
    return list(rows.values_list("annotator__letter", "category", "subtype"))


def _written(
    campaign: Campaign,
    task: Task,
    category: str,
    subtype: str,
    reason: str,
    answers: list[tuple[str, str, str]],
    key: UUID,
    actor: User,
    now: datetime,
    verb: str,
) -> Decision:
    try:
        with transaction.atomic():
            made = Decision.objects.create(
                campaign=campaign,
                task=task,
                category=category,
                subtype=subtype,
                reason=reason,
                seen=[list(answer) for answer in answers],
                key=key,
                decided_by=actor,
                at=now,
            )
            _told(campaign, verb, task, actor, now)
            return made
    except IntegrityError:
        earlier = Decision.objects.filter(key=key, task=task).first()
        if earlier is None:
            raise BadInput(_("This decision was sent with another one's key. Load the page again.")) from None
        return earlier


def _told(campaign: Campaign, verb: str, task: Task, actor: User, now: datetime) -> None:
    """Which sample, and not what was decided: who reads the trail may still owe their own answer to it."""
    told = {"sample": task.idx}
    record(verb=verb, actor=actor, project=campaign.project, target=campaign.name, details=told, now=now)
