"""What the labelling page knows when it opens: the person, the campaign, the taxonomy, its words and addresses."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import get_language

from ml_core.taxonomy import LANGUAGES
from webapp.accounts.capabilities import role_may
from webapp.annotation.labelling.answers import SKIP_REASONS
from webapp.annotation.labelling.wording import ACTIONS, WORDS
from webapp.annotation.models import Annotator, TaxonomyVersion
from webapp.annotation.taxonomies.guides import as_html
from webapp.annotation.taxonomies.queries import document_numbered

RING_SECONDS = 10  # what an item should take; a ring closes, nothing else happens
PLACES = ("answers", "next", "reveal", "done", "lease", "keys")


def bootstrap(annotator: Annotator, role: str) -> dict[str, Any]:
    """All of it but the first tasks, as JSON."""
    campaign = annotator.campaign
    where = {"slug": campaign.project.slug, "campaign_id": campaign.pk}
    here = reverse("annotation:label", kwargs=where)
    return {
        "annotator": annotator.pk,
        "box": f"{annotator.user_id}:{campaign.pk}",
        "campaign": {
            "name": campaign.name,
            "blind": campaign.blind,
            "submit_on_choice": campaign.submit_on_choice,
            "ask_confidence": campaign.ask_confidence,
            "pool": campaign.mode == campaign.Mode.POOL,
        },
        "language": get_language(),
        **choices_of(annotator),
        "skip_reasons": {key: str(text) for key, text in SKIP_REASONS.items()},
        "words": {key: str(text) for key, text in WORDS.items()},
        "actions": {key: str(text) for key, text in ACTIONS.items()},
        "keys": annotator.keys,
        "ring_seconds": RING_SECONDS,
        "lease_seconds": campaign.lease_minutes * 60,
        "urls": {name: f"{here}{name}/" for name in PLACES}
        | {
            "pictures": f"{here}pictures/",
            "login": f"{reverse('account_login')}?next={here}",
            "back": _back(where, role),
        },
    }


def choices_of(annotator: Annotator) -> dict[str, Any]:
    """What there is to choose, and of which version: a page that is open follows when the campaign takes another."""
    version = annotator.campaign.taxonomy_version_id
    document = document_numbered(version).model_dump(mode="json", include={"categories", "rules"})
    return {"version": version, "taxonomy": document}


def guide_of(annotator: Annotator) -> dict[str, Any]:
    """The long guide by language, as HTML that is safe, and the address of the page with its examples."""
    campaign = annotator.campaign
    version = TaxonomyVersion.objects.get(pk=campaign.taxonomy_version_id)
    where = {"slug": campaign.project.slug, "taxonomy_id": version.taxonomy_id, "number": version.number}
    texts = {tongue: as_html(version.guide[tongue]) for tongue in LANGUAGES if version.guide.get(tongue)}
    return {"guides": texts, "guide_page": reverse("annotation:taxonomy_version", kwargs=where)}


def _back(where: dict[str, Any], role: str) -> str:
    """Where somebody goes when they are done: the project's page where they may see it."""
    if role_may(role, "project.view"):
        return reverse("accounts:project", kwargs={"slug": where["slug"]})
    return "/"
