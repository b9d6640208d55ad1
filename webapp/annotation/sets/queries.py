"""Reads analysis sets: their list, one with its numbers, its cases page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml_core.taxonomy import Taxonomy
from webapp.accounts.models import Project
from webapp.annotation.campaigns.plans import words_of
from webapp.annotation.models import AnalysisItem, AnalysisSet, Calculation, Campaign
from webapp.annotation.taxonomies.queries import document_numbered, names_of

PAGE = 50


@dataclass(frozen=True)
class SetRow:
    """A set in the list."""

    id: int
    name: str
    campaign: str
    campaign_id: int
    items: int
    rule: str
    short_hash: str
    at: datetime
    by: str
    simulated: bool


@dataclass(frozen=True)
class Share:
    """A category's (or a sum of categories') shares with their intervals."""

    key: str
    name: str
    long_name: str
    colour: str
    colour_dark: str
    count: int
    sample: dict[str, Any]
    all: dict[str, Any]
    uncorrected: dict[str, Any]
    subset: str  # how a run's spec names it; empty where no case of a run is behind it


@dataclass(frozen=True)
class Fine:
    """A subtype's share within its category."""

    category: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Page:
    """Some cases of a set, and the ids that lead on."""

    rows: list[AnalysisItem]
    next: int | None


def sets_of(project: Project, campaign: Campaign | None = None) -> list[SetRow]:
    """The sets of a project, or of one campaign, the newest first."""
    found = AnalysisSet.objects.filter(project=project).select_related("campaign").order_by("-pk")
    if campaign is not None:
        found = found.filter(campaign=campaign)
    names = dict(found.filter(created_by__isnull=False).values_list("pk", "created_by__username"))
    return [
        SetRow(
            row.pk, row.name, row.campaign.name, row.campaign_id, row.item_count, row.rule, row.content_hash[:12],
            row.created_at, names.get(row.pk, ""), bool(row.summary.get("simulated")),
        )
        for row in found
    ]  # fmt: skip


def set_of(project: Project, set_id: int) -> AnalysisSet | None:
    """A set of this project with its campaign."""
    found = AnalysisSet.objects.select_related("campaign__taxonomy_version", "campaign__run", "campaign__corpus")
    return found.filter(project=project, pk=set_id).first() if set_id < 2**63 else None


def taxonomy_in(found: AnalysisSet) -> Taxonomy:
    """The taxonomy that the set's labels are of, whatever version its campaign has taken since."""
    return document_numbered(found.summary.get("taxonomy_version") or found.campaign.taxonomy_version_id)


def shares_in(found: AnalysisSet, language: str = "en") -> list[Share]:
    """Every category's shares, in the taxonomy's order."""
    taxonomy = taxonomy_in(found)
    shares = found.summary["shares"]
    counts: dict[str, int] = {}
    for category in AnalysisItem.objects.filter(analysis_set=found).values_list("category", flat=True):
        counts[category] = counts.get(category, 0) + 1
    named = found.campaign.run_id is not None
    return [
        Share(
            category.key,
            category.say(language).name,
            category.say(language).long_name,
            category.colour,
            category.colour_dark,
            counts.get(category.key, 0),
            shares["sample"][category.key],
            shares["all"][category.key],
            shares["uncorrected"][category.key],
            f"set:{found.pk}/{category.key}" if named and counts.get(category.key) else "",
        )
        for category in taxonomy.categories
    ]


def material_of(found: AnalysisSet) -> dict[str, str]:
    """The data set and model whose failures a set's cases are, as a run's settings name them; empty without either."""
    spec = found.campaign.run.spec if found.campaign.run else {}
    return {name: str(spec[name]) for name in ("data", "encoder") if spec.get(name)} if spec.get("encoder") else {}


def groups_in(found: AnalysisSet) -> list[tuple[str, dict[str, Any]]]:
    """Ambiguous against clear, where the taxonomy has it."""
    return sorted(found.summary["shares"].get("groups", {}).items())


def subtypes_in(found: AnalysisSet, language: str = "en") -> list[Fine]:
    """The subtypes' shares within their categories."""
    taxonomy = taxonomy_in(found)
    names = names_of(taxonomy, language)
    return [
        Fine(names[row["category"]], names.get(row["subtype"], ""), row["value"], row["low"], row["high"], row["n"])
        for row in found.summary.get("subtypes", [])
    ]


def strata_in(found: AnalysisSet) -> list[dict[str, Any]]:
    """The strata with their weights, in words."""
    stratify = str(found.campaign.plan.get("stratify", ""))
    return [row | {"words": words_of(stratify, row["name"])} for row in found.summary["shares"].get("strata", [])]


def stratum_names(found: AnalysisSet) -> Callable[[str], str]:
    """What the set's strata are called."""
    stratify = str(found.campaign.plan.get("stratify", ""))
    return lambda name: words_of(stratify, name)


def items_of(
    found: AnalysisSet, *, category: str = "", origin: str = "", after: int = 0, size: int = PAGE, language: str = "en"
) -> Page:
    """A page of cases by key, narrowed by category and by what settled them."""
    rows = AnalysisItem.objects.filter(analysis_set=found, pk__gt=after).select_related("task").order_by("pk")
    if category:
        rows = rows.filter(category=category)
    if origin:
        rows = rows.filter(origin=origin)
    shown = list(rows[: size + 1])
    names = names_of(taxonomy_in(found), language)
    for row in shown:
        row.label, row.fine = names.get(row.category, row.category), names.get(row.subtype, row.subtype)  # type: ignore[attr-defined]
    return Page(shown[:size], shown[size - 1].pk if len(shown) > size else None)


def wish_of(project: Project, wish_id: int) -> Calculation | None:
    """A wish for a set in this project."""
    found = Calculation.objects.filter(project=project, kind="freeze", pk=wish_id)
    return found.first() if wish_id < 2**63 else None
