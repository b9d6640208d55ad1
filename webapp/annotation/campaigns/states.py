"""What becomes of a campaign as a whole: pause, finish, reopen, rename, a newer version of its taxonomy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from ml_core.taxonomy import Taxonomy as Document
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.annotation.campaigns.actions import free_name
from webapp.annotation.models import Annotator, Campaign, Decision, Gold, Label, Slot, TaxonomyVersion
from webapp.annotation.taxonomies.queries import document_of

WAITING = (Slot.State.FREE, Slot.State.OPEN, Slot.State.LEASED)


def pause_campaign(*, campaign: Campaign, actor: User | None, now: datetime) -> Campaign:
    """Nothing more is given out; what was given out may still come in."""
    return _turned(campaign, Campaign.State.PAUSED, (Campaign.State.OPEN,), "campaign.paused", actor, now)


def reopen_campaign(*, campaign: Campaign, actor: User | None, now: datetime) -> Campaign:
    """A paused or finished campaign goes on where it stopped."""
    states = (Campaign.State.PAUSED, Campaign.State.FINISHED)
    return _turned(campaign, Campaign.State.OPEN, states, "campaign.reopened", actor, now)


def finish_campaign(*, campaign: Campaign, actor: User | None, now: datetime) -> Campaign:
    """No more answers are asked for; the trail keeps how many were left undone."""
    states = (Campaign.State.OPEN, Campaign.State.PAUSED)
    return _turned(campaign, Campaign.State.FINISHED, states, "campaign.finished", actor, now)


@transaction.atomic
def rename_campaign(*, campaign: Campaign, name: str, actor: User | None, now: datetime) -> Campaign:
    """Another name. BadInput where it is empty or taken; the same name changes nothing."""
    campaign = _locked(campaign)
    if " ".join(name.split()) == campaign.name:
        return campaign
    before, campaign.name = campaign.name, free_name(campaign.project, name)
    campaign.save(update_fields=["name"])
    _told(campaign, "campaign.renamed", actor, now, {"before": before})
    return campaign


@transaction.atomic
def use_version(*, campaign: Campaign, version: TaxonomyVersion, actor: User | None, now: datetime) -> Campaign:
    """The campaign goes on with another version of its taxonomy, which has every choice of the present one.

    BadInput where a category or subtype is gone, naming every one: pages that are open, and browsers that wait for a
    network, may still send it, and no answer may be lost. Nobody answers meanwhile.
    """
    campaign = _locked(campaign)
    list(Annotator.objects.select_for_update().filter(campaign=campaign).order_by("pk"))  # answers wait for this
    if campaign.state == Campaign.State.FINISHED:
        raise BadInput(_("A finished campaign keeps the version it was labelled with. Reopen it first."))
    if version.taxonomy_id != campaign.taxonomy_version.taxonomy_id:
        raise BadInput(_("This is a version of another taxonomy."), field="version")
    if missing := missing_choices(campaign, document_of(version)):
        said = _(
            "Version %(n)d has no %(missing)s. A campaign keeps every category and subtype that it has had, so that no"
            " answer under way is lost: begin another campaign to do without."
        )
        raise BadInput(said % {"n": version.number, "missing": ", ".join(missing)}, field="version")
    before = campaign.taxonomy_version.number
    campaign.taxonomy_version = version
    campaign.save(update_fields=["taxonomy_version"])
    _told(campaign, "campaign.taxonomy_changed", actor, now, {"before": before, "version": version.number})
    return campaign


def missing_choices(campaign: Campaign, document: Document) -> list[str]:
    """What the campaign offers now, or its labels, golds and decisions name, and the document has not: as “category”
    or “category / subtype”."""
    known = _choices(document)
    of_task = {"task__campaign": campaign}
    used = _choices(document_of(campaign.taxonomy_version))
    for rows in (
        Label.objects.filter(campaign=campaign),
        Gold.objects.filter(**of_task),
        Decision.objects.filter(campaign=campaign),
    ):
        used |= set(rows.exclude(category="").values_list("category", "subtype").distinct())
    return sorted(" / ".join(part for part in pair if part) for pair in used - known)


def _choices(document: Document) -> set[tuple[str, str]]:
    whole = {(category.key, "") for category in document.categories}
    return whole | {(category.key, finer.key) for category in document.categories for finer in category.subtypes}


def _turned(
    campaign: Campaign, state: str, allowed: tuple[str, ...], verb: str, actor: User | None, now: datetime
) -> Campaign:
    with transaction.atomic():
        campaign = _locked(campaign)
        if campaign.state == state:
            return campaign
        if campaign.state not in allowed:
            raise BadInput(_("This campaign is %(state)s.") % {"state": campaign.get_state_display().lower()})
        campaign.state = state
        campaign.finished_at = now if state == Campaign.State.FINISHED else None
        campaign.save(update_fields=["state", "finished_at"])
        undone = Slot.objects.filter(campaign=campaign, state__in=WAITING).count()
        _told(campaign, verb, actor, now, {"undone": undone})
    return campaign


def _locked(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_for_update(no_key=True, of=("self",)).select_related("project", "taxonomy_version")
    return rows.get(pk=campaign.pk)


def _told(campaign: Campaign, verb: str, actor: User | None, now: datetime, details: dict[str, Any]) -> None:
    told = details | {"campaign": campaign.pk}
    record(verb=verb, actor=actor, project=campaign.project, target=campaign.name, details=told, now=now)
