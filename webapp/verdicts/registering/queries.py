"""Reads registrations and what a form offers for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ml_core.taxonomy import DEFAULT, Taxonomy
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.annotation.taxonomies.queries import document_of
from webapp.experiments.models import Run
from webapp.experiments.queries.runs import title_of
from webapp.verdicts.models import Registration
from webapp.verdicts.registering.planning import ALL

NEWEST = 100  # runs and sets that a form offers


@dataclass(frozen=True)
class Line:
    """A registration in the list; `state`: standing, looked (made after looking), withdrawn."""

    id: int
    title: str
    baseline: str
    direction: str
    part: str
    metric: str
    smallest_effect: float
    n: int
    state: str
    at: datetime
    by: str


def rows_of(project: Project) -> QuerySet[Registration]:
    """Every registration of a project, the newest first."""
    rows = Registration.objects.filter(project=project).order_by("-pk")
    return rows.select_related("registered_by", "withdrawal__withdrawn_by", "analysis_set", "project")


def registration_of(project: Project, number: int) -> Registration | None:
    """One of them."""
    return rows_of(project).filter(pk=number).first() if number < 2**63 else None


def lines(project: Project) -> list[Line]:
    """The list."""
    return [
        Line(
            row.pk, row.title, row.baseline_title, row.direction, part_in_words(row), row.metric, row.smallest_effect,
            row.n, state_of(row), row.registered_at, row.registered_by.username if row.registered_by else "",
        )
        for row in rows_of(project)
    ]  # fmt: skip


def state_of(row: Registration) -> str:
    """Whether it stands as far as it alone can say."""
    return "withdrawn" if hasattr(row, "withdrawal") else "looked" if row.seen else "standing"


def part_in_words(row: Registration) -> str:
    """Which queries it speaks of."""
    if not row.category:
        return _("All queries")
    if row.analysis_set is None:
        return _("%(category)s, labelled later") % {"category": row.category}
    return f"{row.category} · {row.analysis_set.name}"


def baselines(project: Project) -> list[tuple[int, str]]:
    """The newest finished runs with cases."""
    found = Run.objects.filter(project=project, state=Run.State.SUCCEEDED, case_count__gt=0)
    return [(run.pk, f"{title_of(run)} · {run.pk}") for run in found.only("title", "method").order_by("-pk")[:NEWEST]]


def baseline_of(project: Project, number: int) -> Run | None:
    """A run that may be named."""
    return Run.objects.filter(project=project, pk=number).first() if number < 2**63 else None


def slices(project: Project, person: User | None = None) -> list[Any]:
    """What a form offers: every query, categories of frozen sets, categories that are yet to be labelled."""
    found: list[Any] = [(ALL, _("All queries"))]
    later: dict[str, str] = {}
    rows = AnalysisSet.objects.filter(project=project, campaign__run__isnull=False)
    for row in rows.select_related("campaign__taxonomy_version").order_by("-pk")[:20]:
        if person is not None and own_open(row.campaign, person):
            continue
        names = _categories(document_of(row.campaign.taxonomy_version))
        there = AnalysisItem.objects.filter(analysis_set=row, case_number__isnull=False)
        keys = set(there.values_list("category", flat=True))
        later |= names
        group = [(f"set:{row.pk}/{key}", f"{row.name}: {name}") for key, name in names.items() if key in keys]
        found.append((row.name, group))
    categories = later or _categories(DEFAULT)
    found.append((_("Labelled later"), [(f"later:{key}", name) for key, name in categories.items()]))
    return found


def _categories(document: Taxonomy) -> dict[str, str]:
    """Key and name of each category, in the reader's language."""
    return {one.key: one.say(get_language() or "en").name for one in document.categories}
