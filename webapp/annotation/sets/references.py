"""What a run's spec may name of a set: `set:ID/CATEGORY`, checked against the project, resolved to a file's key."""

from __future__ import annotations

from ml_core.spec import BadInput
from webapp.accounts.models import Project
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.annotation.sets.subsets import WHOLE, subset_key
from webapp.experiments.references import Named, Resolver, register_resolver


def register() -> None:
    """Specs may name sets from now on."""
    register_resolver("set", Resolver(check=check, resolve=resolve))


def check(project: Project, named: Named) -> None:
    """BadInput where the project has no such set, or the set no such category."""
    resolve(project, named)


def resolve(project: Project, named: Named) -> str:
    """The store key of the file with the queries of that category."""
    number, _, category = named.target.partition("/")
    found = AnalysisSet.objects.filter(project=project, pk=int(number)).first() if _is_id(number) else None
    if found is None:
        raise BadInput(f"this project has no analysis set {number[:20]}", field=named.field)
    category = category or WHOLE
    items = AnalysisItem.objects.filter(analysis_set=found, case_number__isnull=False)
    there = (
        items
        if category == WHOLE
        else items.filter(category=category)
        if items.filter(category=category).exists()
        else items.filter(subtype=category)
    )
    if not there.exists():
        known = ", ".join(sorted(set(items.values_list("category", flat=True)))) or "none with cases of a run"
        raise BadInput(f"“{found.name}” has no case of {category[:40]!r}; it has: {known}", field=named.field)
    return subset_key(found.pk, category)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
