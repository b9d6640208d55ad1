"""Asks a worker for a claim, and deletes one."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import Project, User
from webapp.annotation.models import Calculation
from webapp.annotation.review.calculations import again, wanted
from webapp.experiments.files import store
from webapp.verdicts.comparing.asking import request_of
from webapp.verdicts.comparing.found import Looked
from webapp.verdicts.models import Claim

CLAIM = "claim"
MADE = "claim.made"  # what the trail says once a worker has it


def ask_for_claim(*, project: Project, looked: Looked, actor: User, now: datetime) -> Calculation:
    """The wish for a comparison as one file; asking twice is one wish. BadInput where the runs are not compared."""
    if not looked.ready:
        raise BadInput(" ".join(looked.comparison.refusals) or _("Choose two runs or more."), field="runs")
    asked = request_of(looked.comparison)
    stamp = hashlib.sha256(json.dumps([CLAIM, asked], sort_keys=True).encode()).hexdigest()
    request: dict[str, Any] = {"comparison": asked, "query": looked.asked.address(), "user": actor.pk}
    row = wanted(project=project, kind=CLAIM, stamp=stamp, request=request, now=now)
    if row.state == Calculation.State.FAILED:
        again(row=row, now=now)
        row.refresh_from_db()
    return row


@transaction.atomic
def delete_claim(*, claim: Claim, actor: User, now: datetime) -> None:
    """Removes a claim with its file; the same comparison gives the same claim again."""
    held = Claim.objects.select_for_update(of=("self",)).select_related("project").filter(pk=claim.pk).first()
    if held is None:
        return
    Calculation.objects.filter(project=held.project, kind=CLAIM, result__claim=held.pk).delete()
    told = {"digest": held.digest}
    target = f"claim {held.digest[:12]}"
    record(verb="claim.deleted", actor=actor, now=now, project=held.project, target=target, details=told)
    key = held.key
    held.delete()
    store().delete(key)
