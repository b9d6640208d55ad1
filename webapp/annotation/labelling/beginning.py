"""What the labelling page knows when it opens: the person, the campaign, the taxonomy, its words and addresses."""

from __future__ import annotations

from functools import lru_cache
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
        **_words_in(get_language()),
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
    return {"version": version, "taxonomy": _taxonomy(version)}


def guide_of(annotator: Annotator) -> dict[str, Any]:
    """The long guide by language, as HTML that is safe, and the address of the page with its examples."""
    campaign = annotator.campaign
    taxonomy_id, number, texts = _guide(campaign.taxonomy_version_id)
    where = {"slug": campaign.project.slug, "taxonomy_id": taxonomy_id, "number": number}
    return {"guides": texts, "guide_page": reverse("annotation:taxonomy_version", kwargs=where)}


@lru_cache(maxsize=64)
def _words_in(language: str) -> dict[str, dict[str, str]]:
    """What the scripts say, in the language that is active now."""
    said = {"skip_reasons": SKIP_REASONS, "words": WORDS, "actions": ACTIONS}
    return {name: {key: str(text) for key, text in texts.items()} for name, texts in said.items()}


@lru_cache(maxsize=256)
def _taxonomy(version_id: int) -> dict[str, Any]:
    """A version never changes."""
    return document_numbered(version_id).model_dump(mode="json", include={"categories", "rules"})


@lru_cache(maxsize=64)
def _guide(version_id: int) -> tuple[int, int, dict[str, str]]:
    """The taxonomy of a version, the version's number in it, and its long guide as HTML by language."""
    version = TaxonomyVersion.objects.get(pk=version_id)
    texts: dict[str, str] = {
        tongue: as_html(version.guide[tongue]) for tongue in LANGUAGES if version.guide.get(tongue)
    }
    return version.taxonomy_id, version.number, texts


def _back(where: dict[str, Any], role: str) -> str:
    """Where somebody goes when they are done: the project's page where they may see it."""
    if role_may(role, "project.view"):
        return reverse("accounts:project", kwargs={"slug": where["slug"]})
    return "/"
