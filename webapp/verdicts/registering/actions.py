"""Registers a comparison before anybody looks, and takes a registration back. Nothing is ever changed or deleted."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import Project, User
from webapp.experiments.cases.filters import DIRECTIONS
from webapp.experiments.models import Run
from webapp.verdicts.models import Registration, Withdrawal
from webapp.verdicts.registering.fitting import basis_of, runs_that_fit
from webapp.verdicts.registering.planning import METRIC, part_of, planned, size_of

MOST_WORDS = 2000


def register(
    *, project: Project, title: str, baseline: Run | None, direction: str, slice: str, metric: str,
    smallest_effect: float, broken_share: float, n: int | None, stopping_rule: str, method: str,
    settings: dict[str, Any], actor: User, now: datetime,
) -> Registration:  # fmt: skip
    """A comparison announced, kept as it is for ever. BadInput with the first thing that cannot be registered.

    `smallest_effect` and `broken_share` are shares of the queries. `n` may be left open where the slice is there.
    """
    baseline, basis = _baseline(project, baseline)
    if direction not in DIRECTIONS:
        raise BadInput(_("Choose a direction that the baseline was asked in."), field="direction")
    if not baseline.cases.filter(direction=direction).exists():
        raise BadInput(_("The baseline was not asked in this direction."), field="direction")
    if not METRIC.fullmatch(metric):
        raise BadInput(_("recall@k can be registered."), field="metric")
    _effect(smallest_effect, broken_share)
    part = part_of(project, baseline, direction, slice, actor)
    said = {
        "title": _words(title, "title", 160),
        "baseline_title": (baseline.title or baseline.method)[:200],
        "baseline_fingerprint": baseline.fingerprint,
        "data_hash": basis.hash,
        "data_name": basis.name,
        "direction": direction,
        "category": part.category,
        "metric": metric,
        "smallest_effect": smallest_effect,
        "broken_share": broken_share,
        "n": size_of(part, n),
        "stopping_rule": _words(stopping_rule, "stopping_rule", MOST_WORDS),
        "method": method,
        "settings": planned(method, settings),
    }
    with transaction.atomic():
        fitting = runs_that_fit(project, method, said["settings"], basis.hash)
        said["seen"] = sorted({run.pk for run in fitting if run.finished_at and run.finished_at <= now} - {baseline.pk})
        about = said | {
            "baseline": baseline.pk,
            "set": part.set.content_hash if part.set else "",
            "registered_by": actor.get_username(),
            "registered_at": now.isoformat(),
        }
        made = Registration.objects.create(
            project=project, baseline=baseline, analysis_set=part.set, content_hash=hash_of(about),
            registered_by=actor, registered_at=now, **said,
        )  # fmt: skip
        told = {"hash": made.content_hash[:16], "n": made.n}
        record(
            verb="registration.made", actor=actor, now=now, project=project,
            target=f"registration {made.pk}", details=told,
        )  # fmt: skip
    return made


def withdraw(*, registration: Registration, reason: str, actor: User, now: datetime) -> Withdrawal:
    """Takes a registration back; it stays to be seen with the reason. BadInput where that was done already."""
    words = _words(reason, "reason", MOST_WORDS)
    try:
        with transaction.atomic():
            made = Withdrawal.objects.create(
                registration=registration, reason=words, withdrawn_by=actor, withdrawn_at=now
            )
            target = f"registration {registration.pk}"
            record(verb="registration.withdrawn", actor=actor, now=now, project=registration.project, target=target)
    except IntegrityError as error:
        raise BadInput(_("It has been withdrawn already."), field="reason") from error
    return made


def hash_of(about: dict[str, Any]) -> str:
    """The content as one number: everything that was said, by whom and when."""
    return hashlib.sha256(json.dumps(about, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _baseline(project: Project, baseline: Run | None) -> tuple[Run, Any]:
    if baseline is None or baseline.project_id != project.pk:
        raise BadInput(_("Choose a run of this project."), field="baseline")
    if baseline.state != Run.State.SUCCEEDED or not baseline.case_count:
        raise BadInput(_("The baseline must have finished and left cases."), field="baseline")
    basis = basis_of(baseline)
    if not basis.hash:
        raise BadInput(_("The baseline does not say what data it was measured on; run it again."), field="baseline")
    return baseline, basis


def _effect(effect: float, broken: float) -> None:
    if not (math.isfinite(effect) and -1 <= effect <= 1 and effect):
        raise BadInput(_("The smallest effect of interest is not 0 and at most 100 points."), field="smallest_effect")
    if not (math.isfinite(broken) and broken >= 0 and abs(effect) + 2 * broken <= 1):
        raise BadInput(_("More would be repaired and broken than there are queries."), field="broken_share")


def _words(text: str, field: str, most: int) -> str:
    words = text.strip()
    if not words:
        raise BadInput(_("Write this in words."), field=field)
    if len(words) > most:
        raise BadInput(_("At most %(most)d characters.") % {"most": most}, field=field)
    return words
