"""Makes the numbers of a comparison: reads each run's outcomes and the set's labels, and hands them to the science."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
from django.http import QueryDict

from ml_core.claims.alike import Basis, comparable
from ml_core.claims.outcomes import RunOutcomes
from ml_core.claims.plan import ALL, Direction, Label, Origin, Plan, Registration, Stratum
from ml_core.claims.statistics import compute
from ml_core.spec import BadInput
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.experiments.guarding import HELD_OUT
from webapp.experiments.models import Run
from webapp.verdicts import models as registrations
from webapp.verdicts.comparing.asking import COMPARISON
from workers.outcomes import Cases, cases_of

__all__ = ["COMPARISON", "compared"]


def compared(request: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """The statistics of `ml_core.claims.statistics.compute`. BadInput where the runs asked different queries."""
    return compute(*gathered(request))


def gathered(request: dict[str, Any]) -> tuple[dict[str, dict[str, RunOutcomes]], list[Label], Plan]:
    """What the statistics are made from, as the request names it: outcomes, labels, plan. BadInput as above."""
    numbers = [number for number, _ in request["runs"]]
    cases = _cases(request["runs"])
    said = dict(Run.objects.filter(pk__in=numbers).values_list("pk", "provenance"))
    _alike(cases, request, said)
    lead = cases[request["baseline"]]
    ids = {way: list(map(str, part.prompt_Q.tolist())) for way, part in lead.items()}
    outcomes = {str(number): _outcomes(ways, lead, ids) for number, ways in cases.items()}
    labels, slices, strata = _labelled(request["set"], lead)
    plan = Plan(
        baseline=str(request["baseline"]),
        runs=tuple(map(str, numbers)),
        control=str(request.get("control") or ""),
        slices=slices,
        strata=strata,
        groups={name: tuple(map(str, runs)) for name, runs in request["groups"].items()},
        resamples=request["resamples"],
        seed=request["seed"],
        data_hash=request["data"],
        registration=registered(request["registration"]),
        seen=tuple(str(number) for number in numbers if said[number].get(HELD_OUT) == "no"),
    )
    return outcomes, labels, plan


def registered(named: list[int]) -> Registration | None:
    """What was said before anybody looked, of the registration and the run that the request names."""
    if not named:
        return None
    row = registrations.Registration.objects.get(pk=named[0])
    return Registration(
        run=str(named[1]), direction=cast(Direction, row.direction), slice=row.category or ALL, metric=row.metric,
        smallest_effect=row.smallest_effect, n=row.n, stopping_rule=row.stopping_rule, data_hash=row.data_hash,
        registered_at=row.registered_at.astimezone(UTC).isoformat(), category=row.category,
    )  # fmt: skip


def _cases(runs: list[list[int]]) -> dict[int, dict[str, Cases]]:
    """Each run's cases by direction. BadInput where a run was carried out anew since the page was asked for."""
    rows = Run.objects.filter(pk__in=[number for number, _ in runs]).values_list("pk", "attempt", "finished_at")
    known = {number: (attempt, at) for number, attempt, at in rows if at is not None}
    if moved := [number for number, attempt in runs if known.get(number, (None,))[0] != attempt]:
        raise BadInput(f"run {moved[0]} has changed since; load the page again")
    return {number: cases_of(number, *known[number]) for number, _ in runs}


def _alike(cases: dict[int, dict[str, Cases]], request: dict[str, Any], said: dict[int, dict[str, Any]]) -> None:
    """BadInput where a run was measured on other data than the baseline, or its cases of a direction that all have are
    not the baseline's, number by number."""
    lead, name = cases[request["baseline"]], str(request["baseline"])
    shared = set.intersection(*(set(ways) for ways in cases.values()))
    first = Basis(name, request["data"], dict.fromkeys(shared, "the baseline's"))
    for number, ways in cases.items():
        data = str(said[number].get("data_hash") or request["data"])
        queries = {way: "the baseline's" if ways[way].asks_as(lead[way]) else "others" for way in shared}
        if why := comparable(Basis(str(number), data, queries), first):
            raise BadInput(why)


def _outcomes(ways: dict[str, Cases], lead: dict[str, Cases], ids: dict[str, list[str]]) -> dict[str, RunOutcomes]:
    """As the statistics take them; `ids`, those of the lead's queries, serve every run that asks the same."""
    found = {}
    for way, part in ways.items():
        same = way in lead and np.array_equal(part.prompt_Q, lead[way].prompt_Q)
        id_Q = ids[way] if same else list(map(str, part.prompt_Q.tolist()))
        found[way] = RunOutcomes(part.prompt_Q, id_Q, part.unit_Q, part.rank_Q, part.first_Q)
    return found


def _labelled(number: int, cases: dict[str, Cases]) -> tuple[list[Label], dict[str, Any], dict[str, Stratum]]:
    """The set's labels, its categories as slices, and the strata that its samples were drawn from."""
    if not number:
        return [], {}, {}
    found = AnalysisSet.objects.select_related("campaign").get(pk=number)
    rows = list(AnalysisItem.objects.filter(analysis_set=found, case_number__isnull=False).order_by("case_number"))
    query_of = {
        case: (cast(Direction, way), str(prompt))
        for way, part in cases.items()
        for case, prompt in zip(part.number_Q.tolist(), part.prompt_Q.tolist(), strict=True)
    }
    if gone := [row.case_number for row in rows if row.case_number not in query_of]:
        raise BadInput(
            f"{len(gone):,} samples of the set {found.name} are no cases of the baseline any more (the first: case "
            f"{gone[0]}): it was carried out anew with other queries; choose other labels, or the run they came from"
        )
    source = found.campaign.source
    drawn = QueryDict(source.get("query", "")).get("outcome", "failed") == "failed"
    way = source.get("direction", "t2i")
    labels, slices = [], defaultdict[str, dict[str, list[str]]](lambda: defaultdict(list))
    for row in rows:
        direction, query = query_of[cast(int, row.case_number)]
        stratum = f"s{row.stratum}" if drawn else ""
        labels.append(Label(direction, query, row.category, row.subtype, _origin(row, found.rule), stratum))
        slices[row.category][direction].append(query)
    sizes = {name: part["population"] for name, part in found.campaign.strata.items()} or {
        "": found.campaign.population
    }
    strata = {f"s{name}": Stratum(way, "failures", size) for name, size in sizes.items()} if drawn else {}
    plain = {key: {way: tuple(queries) for way, queries in ways.items()} for key, ways in slices.items()}
    return labels, plain, strata


def _origin(row: AnalysisItem, rule: str) -> Origin:
    """What settled a label. By consensus the only answer can be overruled, so that is no single annotator's word."""
    alone = row.origin == AnalysisItem.Origin.SINGLE and rule == "consensus"
    return cast(Origin, "consensus" if alone else row.origin)
