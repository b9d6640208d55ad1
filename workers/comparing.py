"""Makes the numbers of a comparison: reads each run's outcomes and the set's labels, and hands them to the science."""

from __future__ import annotations

import io
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from django.db import connection
from django.http import QueryDict

from ml_core.claims.outcomes import DIRECTIONS, RunOutcomes
from ml_core.claims.plan import ALL, Direction, Label, Origin, Plan, Registration, Stratum
from ml_core.claims.statistics import compute
from ml_core.spec import BadInput
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.experiments.models import Run
from webapp.verdicts import models as registrations
from webapp.verdicts.comparing.asking import COMPARISON

__all__ = ["COMPARISON", "compared"]
_COLUMNS = {
    "number": pa.int32(), "direction": pa.string(), "prompt": pa.int32(), "unit": pa.int32(), "rank": pa.int32(),
    "first": pa.int32(),
}  # fmt: skip
_COPY = (
    "COPY (SELECT number, direction, prompt, unit, rank, coalesce(given[1], -1) FROM experiments_case"
    " WHERE run_id = %s ORDER BY number) TO STDOUT (FORMAT csv)"
)


def compared(request: dict[str, Any], *, now: datetime) -> dict[str, Any]:
    """The statistics of `ml_core.claims.statistics.compute`. BadInput where the runs asked different queries."""
    return compute(*gathered(request))


def gathered(request: dict[str, Any]) -> tuple[dict[str, dict[str, RunOutcomes]], list[Label], Plan]:
    """What the statistics are made from, as the request names it: outcomes, labels, plan. BadInput as above."""
    numbers = [number for number, _ in request["runs"]]
    _unchanged(request["runs"])
    tables = {number: cases_of(number) for number in numbers}
    _same_queries(tables, request["baseline"])
    outcomes = {str(number): _outcomes(table) for number, table in tables.items()}
    labels, slices, strata = _labelled(request["set"], tables[request["baseline"]])
    plan = Plan(
        baseline=str(request["baseline"]),
        runs=tuple(map(str, numbers)),
        slices=slices,
        strata=strata,
        groups={name: tuple(map(str, runs)) for name, runs in request["groups"].items()},
        resamples=request["resamples"],
        seed=request["seed"],
        data_hash=request["data"],
        registration=registered(request["registration"]),
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


def cases_of(number: int) -> pa.Table:
    """A run's cases: number, direction, prompt, unit, rank and first answer, in the order of their numbers."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor, cursor.copy(_COPY, [number]) as copy:
        for block in copy:
            buffer.write(block)
    if not buffer.tell():
        raise BadInput(f"run {number} has no cases any more")
    buffer.seek(0)
    reading = pa_csv.ReadOptions(column_names=list(_COLUMNS))
    return pa_csv.read_csv(buffer, reading, convert_options=pa_csv.ConvertOptions(column_types=_COLUMNS))


def _unchanged(runs: list[list[int]]) -> None:
    """BadInput where a run was carried out anew since the page was asked for."""
    attempts = dict(Run.objects.filter(pk__in=[number for number, _ in runs]).values_list("pk", "attempt"))
    if moved := [number for number, attempt in runs if attempts.get(number) != attempt]:
        raise BadInput(f"run {moved[0]} has changed since; load the page again")


def _same_queries(tables: dict[int, pa.Table], baseline: int) -> None:
    """BadInput where a run's cases of a direction that all have are not the baseline's, number by number."""
    ways = [set(table.column("direction").unique().to_pylist()) for table in tables.values()]
    for way in set.intersection(*ways):
        lead = _of(tables[baseline], way)
        for number, table in tables.items():
            part = _of(table, way)
            if any(not part.column(name).equals(lead.column(name)) for name in ("number", "prompt", "unit")):
                raise BadInput(
                    f"run {number} and run {baseline} asked different queries, so their outcomes cannot be paired; "
                    "compare runs of the same data with the same query set"
                )


def _of(table: pa.Table, direction: str) -> pa.Table:
    return table.filter(pc.equal(table.column("direction"), direction))


def _outcomes(table: pa.Table) -> dict[str, RunOutcomes]:
    found = {}
    for direction in DIRECTIONS:
        part = _of(table, direction)
        if part.num_rows:
            column = {name: part.column(name).to_numpy() for name in ("prompt", "unit", "rank", "first")}
            found[direction] = RunOutcomes(
                number_Q=column["prompt"], id_Q=list(map(str, column["prompt"].tolist())), unit_Q=column["unit"],
                rank_Q=column["rank"], first_Q=column["first"],
            )  # fmt: skip
    return found


def _labelled(number: int, cases: pa.Table) -> tuple[list[Label], dict[str, Any], dict[str, Stratum]]:
    """The set's labels, its categories as slices, and the strata that its samples were drawn from."""
    if not number:
        return [], {}, {}
    found = AnalysisSet.objects.select_related("campaign").get(pk=number)
    rows = list(AnalysisItem.objects.filter(analysis_set=found, case_number__isnull=False).order_by("case_number"))
    places = np.searchsorted(cases.column("number").to_numpy(), np.array([row.case_number for row in rows], np.int64))
    directions, prompts = cases.column("direction").to_pylist(), cases.column("prompt").to_pylist()
    source = found.campaign.source
    drawn = QueryDict(source.get("query", "")).get("outcome", "failed") == "failed"
    way = source.get("direction", "t2i")
    labels, slices = [], defaultdict[str, dict[str, list[str]]](lambda: defaultdict(list))
    for row, place in zip(rows, places.tolist(), strict=True):
        direction, query = directions[place], str(prompts[place])
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
