"""What waits for a reviewer's decision, as cards of the home page."""

from __future__ import annotations

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import ngettext

from webapp.accounts.capabilities import role_may
from webapp.accounts.home import Card
from webapp.accounts.models import Membership, User
from webapp.annotation.models import Annotator, Campaign, Decision, Slot, Task


def decisions_wanted(user: User, memberships: list[Membership]) -> list[Card]:
    """A card for each campaign with samples that wait, unless the person still owes it answers. Two queries."""
    projects = [held.project_id for held in memberships if role_may(held.role, "label.adjudicate")]
    if not projects:
        return []
    newest = Decision.objects.filter(task=OuterRef("pk")).order_by("-id").values("category")[:1]
    said = Count("labels__category", distinct=True, filter=~Q(labels__category=""))
    marked = Count("labels", filter=Q(labels__flagged=True) | ~Q(labels__skip_reason=""))
    waiting = (
        Task.objects.filter(campaign__project__in=projects, state=Task.State.ACTIVE)
        .annotate(said=said, marked=marked, decided=Subquery(newest))
        .filter(Q(said__gt=1) | Q(marked__gt=0))
        .filter(Q(decided__isnull=True) | Q(decided=""))
    )
    counts: dict[int, int] = {}
    for campaign in waiting.values_list("campaign_id", flat=True):
        counts[campaign] = counts.get(campaign, 0) + 1
    owed = Slot.objects.filter(annotator=OuterRef("pk"), state__in=(Slot.State.OPEN, Slot.State.LEASED))
    busy = Annotator.objects.filter(campaign=OuterRef("pk"), user=user, left_at=None).filter(Exists(owed))
    campaigns = Campaign.objects.filter(pk__in=counts).exclude(Exists(busy)).select_related("project").order_by("pk")
    return [_card(campaign, counts[campaign.pk]) for campaign in campaigns]


def _card(campaign: Campaign, count: int) -> Card:
    words = ngettext("%(n)d sample waits for your decision", "%(n)d samples wait for your decision", count) % {
        "n": count
    }
    where = reverse("annotation:review", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk})
    return Card(campaign.name, words, where, campaign.project.name, count=count, tone="near", order=20)
