"""Nobody sees what others said before they have said it themselves, whatever else their role lets them see."""

from __future__ import annotations

from django.db.models import Exists, OuterRef

from webapp.accounts.models import User
from webapp.annotation.models import Annotator, Campaign, Slot

UNANSWERED = (Slot.State.OPEN, Slot.State.LEASED)


def own_open(campaign: Campaign, user: User) -> int:
    """How many answers this person still owes the campaign; until it is none, the others' are closed to them.

    Of a pool they owe what is theirs and what they could still take: free samples they have not had, up to their quota.
    """
    if campaign.state == Campaign.State.FINISHED:
        return 0
    own = Annotator.objects.filter(campaign=campaign, user=user, left_at=None).first()
    if own is None:
        return 0
    open_ = Slot.objects.filter(annotator=own, state__in=UNANSWERED).count()
    had = Slot.objects.filter(task=OuterRef("task"), annotator=own)
    free = Slot.objects.filter(campaign=campaign, state=Slot.State.FREE).exclude(Exists(had))
    could_take = free.values("task").distinct().count()
    return open_ + (could_take if own.quota is None else min(could_take, max(own.quota - own.held, 0)))
