"""Asks for a probe, pins one as evidence, lets go of one. A probe's answer itself is never changed."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.broker import PROBE_TASK, wake
from webapp.experiments.cases.queries import Row
from webapp.experiments.models import Probe, Run
from webapp.experiments.probing.queries import hindrance
from webapp.texts import UNKEPT, is_kept

MOST_WAITING = 6  # of one person: the worker answers one at a time
MOST_KEPT = 24  # of one person on one case, pinned ones aside


@transaction.atomic
def ask(*, run: Run, case: Row, text: str, actor: User, now: datetime) -> Probe:
    """A probe of this text on a case; the person's earlier one where there is one that did not fail.

    BadInput (field "text") where the text cannot be asked, too many wait, or the run's encoder takes no text.
    """
    if why := hindrance(run, case):
        raise BadInput(why, field="text")
    text = _as_asked(case, text)
    own = Probe.objects.filter(run_id=run.pk, attempt=run.attempt, case_number=case.number, created_by=actor)
    same = own.filter(text=text)
    if (earlier := same.exclude(state=Probe.State.FAILED).first()) is not None:
        return earlier
    _check_room(own, actor)
    same.delete()  # those that failed: this is another try
    values = {"attempt": run.attempt, "case_number": case.number, "text": text, "created_by": actor}
    try:
        with transaction.atomic():
            probe = Probe.objects.create(run_id=run.pk, created_at=now, **values)
    except IntegrityError:  # asked twice at once
        return same.exclude(state=Probe.State.FAILED).get()
    transaction.on_commit(lambda: wake(PROBE_TASK, queue="probe"), robust=True)
    return probe


@transaction.atomic
def pin(*, probe: Probe, note: str, actor: User, now: datetime) -> None:
    """Keeps an own answered probe as evidence, with a note, for everybody who may see the run."""
    row = _own(probe, actor)
    if row.state != Probe.State.READY:
        raise BadInput(_("only an answered caption can be pinned"), field="note")
    note = " ".join(note.split())
    if not is_kept(note):
        raise BadInput(UNKEPT, field="note")
    if len(note) > 300:
        raise BadInput(_("the note has %(n)d characters; 300 are the most") % {"n": len(note)}, field="note")
    row.pinned_at, row.note = row.pinned_at or now, note
    row.save(update_fields=["pinned_at", "note"])
    _tell("probe.pinned", row, actor, now)


@transaction.atomic
def unpin(*, probe: Probe, actor: User, now: datetime) -> None:
    """An own probe is no evidence any more; it stays to its person."""
    row = _own(probe, actor)
    if row.pinned_at is None:
        return
    row.pinned_at = None
    row.save(update_fields=["pinned_at"])
    _tell("probe.unpinned", row, actor, now)


@transaction.atomic
def remove(*, probe: Probe, actor: User) -> None:
    """Removes an own probe that is not pinned; BadInput while it is pinned or being answered."""
    row = _own(probe, actor)
    if row.pinned_at is not None:
        raise BadInput(_("it is pinned as evidence: take the pin off first"), field="text")
    row.delete()


def _as_asked(case: Row, text: str) -> str:
    """The text to ask: the case's own where only space differs. BadInput for none, too long, or unfit for keeping."""
    words = text.split()
    if words == case.prompt_text.split() and words:
        return case.prompt_text[: Probe.LONGEST]
    if not is_kept(text):
        raise BadInput(UNKEPT, field="text")
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise BadInput(_("write a caption"), field="text")
    if len(text) > Probe.LONGEST:
        told = {"n": f"{len(text):,}", "most": f"{Probe.LONGEST:,}"}
        raise BadInput(_("this has %(n)s characters; %(most)s are the most") % told, field="text")
    return text


def _check_room(own: object, actor: User) -> None:
    """BadInput where this person has asked too much already."""
    waiting = Probe.objects.filter(created_by=actor, state__in=[Probe.State.WANTED, Probe.State.WORKING]).count()
    if waiting >= MOST_WAITING:
        raise BadInput(_("%(n)d captions wait for their answer: let them come first") % {"n": waiting}, field="text")
    if own.filter(pinned_at__isnull=True).count() >= MOST_KEPT:  # type: ignore[attr-defined]
        raise BadInput(_("%(n)d captions stand here: remove or pin some first") % {"n": MOST_KEPT}, field="text")


def _own(probe: Probe, actor: User) -> Probe:
    """The row, ours until the transaction ends. BadInput where it is somebody else's, gone, or being answered."""
    row = Probe.objects.select_for_update(skip_locked=True).filter(pk=probe.pk).first()
    if row is None:
        raise BadInput(_("it is being answered just now: try again in a moment"), field="text")
    if row.created_by_id != actor.pk:
        raise BadInput(_("somebody else tried it: only they can change it"), field="text")
    return row


def _tell(verb: str, row: Probe, actor: User, now: datetime) -> None:
    about = {"run": row.run_id, "case": row.case_number, "rank": row.rank}
    record(verb=verb, actor=actor, now=now, project=row.run.project, target=row.text[:160], details=about)
