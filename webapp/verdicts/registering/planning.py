"""What may be registered: settings of a method, some of a baseline's queries, a recall at some depth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_origin

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError

from ml_core.methods import cards
from ml_core.spec import BadInput, Card, spec_problems
from webapp.accounts.models import Project, User
from webapp.annotation.campaigns.peers import own_open
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.experiments.models import Run

ALL, SET, LATER = "all", "set", "later"
METRIC = re.compile(r"recall@([1-9][0-9]{0,3})")
_CATEGORY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Part:
    """Which queries: every one, or a category of a set; without a set, of one that is frozen later."""

    category: str = ""
    set: AnalysisSet | None = None
    count: int | None = None  # how many there are; None where nobody can know yet


def methods() -> dict[str, Card]:
    """The methods whose runs can be compared."""
    return {key: card for key, card in cards().items() if card.web and card.leaves_cases}


def planned(method: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as runs keep them. BadInput with every one that the method lacks or that has a wrong value."""
    card = methods().get(method)
    if card is None:
        raise BadInput(_("Runs of this method leave nothing to compare."), field="method")
    found, wrong = {}, []
    for name, value in values.items():
        info = card.spec.model_fields.get(name)
        if info is None:
            wrong.append(_("%(method)s has no setting “%(name)s”") % {"method": method, "name": str(name)[:60]})
            continue
        annotated: Any = Annotated[info.annotation, *info.metadata, name]
        kind: Any = TypeAdapter(annotated)
        try:
            found[name] = kind.dump_python(kind.validate_python(_listed(info.annotation, value)), mode="json")
        except ValidationError as error:
            wrong.append(f"{name}: {spec_problems(error)[0][1]}")
    if wrong:
        raise BadInput("; ".join(wrong), field="settings")
    return found


def _listed(annotation: Any, value: Any) -> Any:
    """`1, 5, 10` is a list where one is wanted."""
    if get_origin(annotation) in (tuple, list) and isinstance(value, (str, int, float)):
        return [part.strip() for part in str(value).split(",") if part.strip()]
    return value


def lines_of(text: str) -> dict[str, str]:
    """`name = value` lines as a mapping. BadInput for a line without =, and for a name that stands twice."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name:
            raise BadInput(_("Write a setting a line: name = value."), field="settings")
        if name in found:
            raise BadInput(_("“%(name)s” stands twice.") % {"name": name[:60]}, field="settings")
        found[name] = value
    return found


def part_of(project: Project, baseline: Run, direction: str, named: str, person: User) -> Part:
    """`all`, `set:ID/CATEGORY` or `later:CATEGORY` of the baseline's queries. BadInput where there is no such thing."""
    kind, _colon, rest = named.partition(":")
    if named == ALL:
        return Part(count=baseline.cases.filter(direction=direction).count())
    if kind == LATER and _CATEGORY.fullmatch(rest):
        return Part(rest)
    number, _slash, category = rest.partition("/")
    if kind != SET or not (number.isascii() and number.isdigit() and len(number) <= 18 and category):
        raise BadInput(_("Say which queries: all, set:ID/CATEGORY or later:CATEGORY."), field="slice")
    row = AnalysisSet.objects.select_related("campaign").filter(project=project, pk=int(number)).first()
    if row is None or row.campaign.run_id != baseline.pk or own_open(row.campaign, person):
        raise BadInput(_("The baseline has no such set of its cases."), field="slice")
    if row.campaign.source.get("direction") != direction:
        raise BadInput(_("The cases of “%(name)s” are of the other direction.") % {"name": row.name}, field="slice")
    count = AnalysisItem.objects.filter(analysis_set=row, category=category, case_number__isnull=False).count()
    if not count:
        said = _("“%(name)s” has no case of this category.")
        raise BadInput(said % {"name": row.name}, field="slice")
    return Part(category, row, count)


def size_of(part: Part, n: int | None) -> int:
    """How many queries are registered. BadInput where another number is certain, or none was given and none is."""
    if part.count is not None and n not in (None, part.count):
        said = _(
            "There are %(there)d such queries, and all of them are compared: register %(there)d or leave it empty."
        )
        raise BadInput(said % {"there": part.count}, field="n")
    if part.count is None and n is None:
        raise BadInput(_("Say how many queries will be labelled with this category."), field="n")
    return part.count if part.count is not None else int(n or 0)
