"""Nobody sees what others said before they have said it themselves, whatever else their role lets them see."""

from __future__ import annotations

from webapp.accounts.models import User
from webapp.annotation.models import Annotator, Campaign, Slot

UNANSWERED = (Slot.State.OPEN, Slot.State.LEASED)


def own_open(campaign: Campaign, user: User) -> int:
    """How many answers this person still owes the campaign; until it is none, the others' are closed to them."""
    if campaign.state == Campaign.State.FINISHED:
        return 0
    own = Annotator.objects.filter(campaign=campaign, user=user, left_at=None).first()
    if own is None:
        return 0
    open_ = Slot.objects.filter(annotator=own, state__in=UNANSWERED).count()
    free = Slot.objects.filter(campaign=campaign, state=Slot.State.FREE).exists() if own.quota != own.held else False
    return open_ or int(free)
