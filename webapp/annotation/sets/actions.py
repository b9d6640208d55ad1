"""Asks for an analysis set; a worker makes it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.models import User
from webapp.annotation.models import Calculation, Campaign
from webapp.annotation.review.calculations import FREEZE, again, wanted
from webapp.annotation.review.gathering import stamp

RULES = ("consensus", "majority")


def ask_to_freeze(
    *, campaign: Campaign, name: str, rule: str, incomplete: bool, actor: User, now: datetime
) -> Calculation:
    """The wish for a set of the labels as they stand; asking twice for the same is one wish. BadInput for no rule."""
    if rule not in RULES:
        raise BadInput(_("Cases that nobody decided are settled by consensus or by majority."), field="rule")
    name = " ".join(name.split())
    if len(name) > 160:
        raise BadInput(_("A name has at most 160 characters."), field="name")
    request = {"campaign": campaign.pk, "rule": rule, "name": name, "incomplete": incomplete, "user": actor.pk}
    request["language"] = get_language() or "en"  # what it cannot be made for is told in it
    asked = hashlib.sha256(f"{rule}/{incomplete}/{name}".encode()).hexdigest()[:16]
    row = wanted(project=campaign.project, kind=FREEZE, stamp=f"{stamp(campaign)}:{asked}", request=request, now=now)
    if row.state == Calculation.State.FAILED:
        again(row=row, now=now)
        row.refresh_from_db()
    return row
