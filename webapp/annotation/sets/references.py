"""What a run's spec may name of a set: `set:ID/CATEGORY`, checked against the project, resolved to a file's key."""

from __future__ import annotations

from collections import Counter

from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.models import Project
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.annotation.sets.queries import taxonomy_in
from webapp.annotation.sets.subsets import WHOLE, subset_key
from webapp.annotation.taxonomies.queries import names_of
from webapp.experiments.references import Named, Resolver, register_resolver

NEWEST = 20  # sets that a form offers


def register() -> None:
    """Specs may name sets from now on."""
    register_resolver("set", Resolver(check=check, resolve=resolve, choices=choices))


def check(project: Project, named: Named) -> None:
    """BadInput where the project has no such set, or the set no such category."""
    resolve(project, named)


def resolve(project: Project, named: Named) -> str:
    """The store key of the file with the queries of that category."""
    number, _slash, category = named.target.partition("/")
    found = AnalysisSet.objects.filter(project=project, pk=int(number)).first() if _is_id(number) else None
    if found is None:
        raise BadInput(_("this project has no analysis set %(number)s") % {"number": number[:20]}, field=named.field)
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
        known = ", ".join(sorted(set(items.values_list("category", flat=True)))) or _("none with cases of a run")
        said = _("“%(name)s” has no case of %(category)r; it has: %(known)s")
        raise BadInput(said % {"name": found.name, "category": category[:40], "known": known}, field=named.field)
    return subset_key(found.pk, category)


def choices(project: Project) -> list[tuple[str, str]]:
    """Every category of the newest sets, and each set as a whole: (name as a spec has it, words)."""
    found = AnalysisSet.objects.filter(project=project, campaign__run__isnull=False).select_related("campaign")
    offered: list[tuple[str, str]] = []
    for row in found.order_by("-pk")[:NEWEST]:
        names = names_of(taxonomy_in(row), "en")
        counts = Counter(AnalysisItem.objects.filter(analysis_set=row).values_list("category", flat=True))
        offered.append((f"set:{row.pk}", f"{row.name} ({row.item_count})"))
        offered += [
            (f"set:{row.pk}/{key}", f"{row.name}: {names[key]} ({counts[key]})") for key in names if counts[key]
        ]
    return offered


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
