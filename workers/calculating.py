"""Computes what pages want known: the oldest wish first, each once, taken up again where a worker died over it.

A calculation is short. Its row stays locked while it is computed, so a worker that dies lets go of it by dying; an
attempt is counted by one worker alone, so that several who are woken at once do not count as several that died.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from ml_core.agreement.report import agreement_report
from ml_core.spec import BadInput
from webapp.annotation.models import Calculation, Campaign
from webapp.annotation.review.calculations import AGREEMENT, FREEZE
from webapp.annotation.review.gathering import first_choices, gathered, held_against
from webapp.annotation.sets.freezing import freeze
from webapp.annotation.taxonomies.queries import document_of
from webapp.away import AWAY
from workers.alone import alone
from workers.claims import CLAIM, POWER, claimed, powered
from workers.comparing import COMPARISON, compared
from workers.ledger import LEDGER, ledgered

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
WAITING = (Calculation.State.WANTED, Calculation.State.WORKING)


def agreement(request: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """The agreement report of a campaign, with who the letters are left to the page."""
    campaign = Campaign.objects.select_related("taxonomy_version").get(pk=request["campaign"])
    found = gathered(campaign)
    if not found.answers:
        return {"items": 0}
    first = first_choices(campaign)
    rows = [
        (a.idx, a.letter, a.category, a.at, a.spent_ms, a.first_choice_ms, first.get((a.idx, a.letter)))
        for a in found.answers
    ]
    gold = {idx: finding[0] for idx, finding in found.gold.items()}
    keys = document_of(campaign.taxonomy_version).keys
    return agreement_report(rows, taxonomy_keys=keys, truth=gold or None, held=held_against(campaign, found))


KINDS: dict[str, Callable[..., dict[str, Any]]] = {
    AGREEMENT: agreement,
    FREEZE: freeze,
    COMPARISON: compared,
    LEDGER: ledgered,
    CLAIM: claimed,
    POWER: powered,
}


def work(*, stopping: Callable[[], bool] = lambda: False) -> None:
    """Everything that waits, one after the other."""
    passed: set[int] = set()
    while not stopping() and (number := _next(passed)) is not None:
        passed.add(number)
        try:
            with alone(f"calculation {number}") as ours:
                if ours:
                    _carry_out(number)
        except AWAY:
            logger.exception("calculation %s: PostgreSQL was away; it is taken up again", number)
            connection.close()
            return


def _next(passed: set[int]) -> int | None:
    """The oldest that waits, one attempt further; those that somebody else is at are found locked later."""
    waiting = Calculation.objects.filter(state__in=WAITING).exclude(pk__in=passed).order_by("pk")
    number = waiting.values_list("pk", flat=True).first()
    return int(number) if number is not None else None


def _carry_out(number: int) -> None:
    with transaction.atomic():
        row = _locked(number)
        if row is None:
            return
        if row.attempt >= MOST_ATTEMPTS:
            _end(row, Calculation.State.FAILED, failure=f"It lost its worker {row.attempt} times.")
            return
        Calculation.objects.filter(pk=number).update(attempt=F("attempt") + 1, state=Calculation.State.WORKING)
    with transaction.atomic():
        row = _locked(number)
        if row is None:
            return
        try:
            with transaction.atomic():
                result = KINDS[row.kind](row.request, now=timezone.now())
        except AWAY:
            raise
        except BadInput as problem:
            _end(row, Calculation.State.FAILED, failure=str(problem))
        except Exception as error:
            logger.exception("calculation %s (%s) failed", number, row.kind)
            _end(row, Calculation.State.FAILED, failure=f"It stopped at an unexpected fault ({error}).")
        else:
            _end(row, Calculation.State.READY, result=result)


def _locked(number: int) -> Calculation | None:
    """The row, ours until the transaction ends; None where somebody else has it or it is done."""
    waiting = Calculation.objects.select_for_update(skip_locked=True).filter(pk=number, state__in=WAITING)
    return waiting.first()


def _end(row: Calculation, state: str, *, result: dict[str, Any] | None = None, failure: str = "") -> None:
    Calculation.objects.filter(pk=row.pk).update(
        state=state, result=result or {}, failure=failure, finished_at=timezone.now()
    )
