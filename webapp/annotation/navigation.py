"""The places of this app in the bar on top, what waits for a person, and what specs may name of it."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from webapp.accounts import ahead, home
from webapp.accounts.home import Card
from webapp.accounts.models import Membership, User
from webapp.accounts.navigation import project_url
from webapp.annotation.campaigns import uploads
from webapp.annotation.campaigns.queries import Waiting, waiting_for
from webapp.annotation.exchange.names import kept_files
from webapp.annotation.labelling import sql as labelling
from webapp.annotation.review.waiting import decisions_wanted
from webapp.annotation.sets import references, subsets
from webapp.annotation.taxonomies import queries as taxonomies
from webapp.design.navigation import Section, register_section
from webapp.experiments.sweeping import register_names


def register() -> None:
    """Add them all."""
    register_section(Section("campaigns", gettext_noop("Campaigns"), _campaigns, order=50))
    register_section(Section("label", gettext_noop("Label"), _label, order=50))
    register_section(Section("sets", gettext_noop("Sets"), _sets, order=60))
    home.register(waiting_for_person)
    home.register(decisions_wanted)
    references.register()
    ahead.register(labelling.ADDRESS, labelling.DOOR_AHEAD)
    register_names("labels", kept_files)
    for kind in (uploads, taxonomies, subsets):
        register_names(kind.PREFIX, kind.named_files)


def waiting_for_person(user: User, memberships: list[Membership]) -> list[Card]:
    """A card for each open campaign in which something waits for them; one that they were reminded of comes first."""
    return [_card(waiting) for waiting in waiting_for(user, memberships)]


def _card(waiting: Waiting) -> Card:
    campaign, reminder = waiting.campaign, waiting.reminder
    words = ngettext("%(n)d item waits for you", "%(n)d items wait for you", waiting.count) % {"n": waiting.count}
    if reminder is not None:
        by = reminder.sent_by.username if reminder.sent_by else _("Somebody")
        words = _("%(by)s reminds you: %(text)s") % {"by": by, "text": reminder.text or words}
    url = reverse("annotation:label", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk})
    return Card(
        _("Label “%(name)s”") % {"name": campaign.name}, words, url, campaign.project.name, count=waiting.count,
        tone="near" if reminder else "", order=5 if reminder else 10,
    )  # fmt: skip


def _campaigns(request: HttpRequest) -> str | None:
    return project_url(request, "annotation:campaigns", "campaign.view")


def _sets(request: HttpRequest) -> str | None:
    return project_url(request, "annotation:sets", "set.view")


def _label(request: HttpRequest) -> str | None:
    """For those who see no campaigns but label in them."""
    return None if _campaigns(request) else project_url(request, "annotation:desk", "label.give")
