"""Every number of a comparison from per-query outcomes, labels and a plan: the one place where they are made.

The comparison page, the report and `claims.verify` all call `compute`, so a number has one origin. `docs/claims.md`
says what each key means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ml_core.claims.effects import effects_of
from ml_core.claims.labels import distribution
from ml_core.claims.measured import measured
from ml_core.claims.outcomes import RunOutcomes, aligned
from ml_core.claims.plain import plain
from ml_core.claims.plan import ALL, FORMAT, Label, Plan
from ml_core.claims.ranks import CURVE, rank_changes, recall_curve
from ml_core.claims.registered import confirm, mode_of
from ml_core.claims.seeds import groups_of
from ml_core.claims.slices import Slice, slices_of
from ml_core.claims.verdicts import verdicts_of
from ml_core.metrics.uncertainty import How
from ml_core.spec import BadInput

Slices = Mapping[str, Mapping[str, Slice]]  # direction → name → slice


def compute(outcomes: Mapping[str, Mapping[str, RunOutcomes]], labels: Sequence[Label], plan: Plan) -> dict[str, Any]:
    """The statistics of a comparison as plain values that JSON can hold; the same input gives the same output.

    `outcomes`: run → direction → its outcomes, for every run of the plan. BadInput where runs have different queries,
    a query occurs twice, a slice or a label names a query that is in no run, or the plan names an unknown run.
    """
    directions = _directions(outcomes, plan)
    fields = {way: aligned({run: outcomes[run] for run in plan.runs}, way) for way in directions}
    slices = {way: slices_of(field, way, plan) for way, field in fields.items()}
    how = How(resamples=plan.resamples, seed=plan.seed)
    verdicts, family = verdicts_of(slices, plan, how)
    metrics = _metrics(slices, plan, how)
    registered = confirm(slices, labels, plan, how)
    found = {
        "format": FORMAT,
        "baseline": plan.baseline,
        "runs": list(plan.runs),
        "control": plan.control or None,
        "directions": list(directions),
        "data_hash": plan.data_hash,
        "resamples": plan.resamples,
        "seed": plan.seed,
        "level": plan.level,
        "slices": {way: {name: _about(part) for name, part in named.items()} for way, named in slices.items()},
        "metrics": metrics,
        "verdicts": verdicts,
        "family": family,
        "rank_changes": _changes(slices, plan),
        "curves": _curves(slices, plan),
        "labels": distribution(labels, fields),
        "effects": effects_of(fields, labels, plan, how),
        "groups": groups_of(metrics, slices, plan, how),
        "mode": mode_of(registered),
        "registration": registered,
        "not_held_out": list(plan.seen),
    }
    return found


def _directions(outcomes: Mapping[str, Mapping[str, RunOutcomes]], plan: Plan) -> tuple[str, ...]:
    """The directions compared; BadInput where the plan and the outcomes do not fit together."""
    if len(set(plan.runs)) < len(plan.runs):
        raise BadInput("a run is named twice; compare each once", field="runs")
    if len(plan.runs) < 2:
        raise BadInput("a comparison needs two runs or more", field="runs")
    if missing_runs := [run for run in plan.runs if run not in outcomes]:
        raise BadInput(f"there are no outcomes of run {missing_runs[0]}", field="runs")
    for what, run in (("baseline", plan.baseline), ("control", plan.control or plan.baseline)):
        if run not in plan.runs:
            raise BadInput(f"the {what} {run} is none of the runs compared ({', '.join(plan.runs)})", field=what)
    if plan.control == plan.baseline:
        raise BadInput("the control may not be the baseline itself", field="control")
    common = [way for way in outcomes[plan.baseline] if all(way in outcomes[run] for run in plan.runs)]
    directions: tuple[str, ...] = plan.directions or tuple(common)
    if not directions:
        raise BadInput("the runs have no direction in common", field="runs")
    if missing := [way for way in directions if way not in common]:
        raise BadInput(f"not every run has outcomes of {missing[0]}", field="directions")
    return tuple(directions)


def _about(part: Slice) -> dict[str, Any]:
    return {"queries": len(part.place_Q), "units": len(part.counts_U), "selection": part.selection}


def _metrics(slices: Slices, plan: Plan, how: How) -> dict[str, dict[str, Any]]:
    """Run → metric name → estimate."""
    found: dict[str, dict[str, Any]] = {run: {} for run in plan.runs}
    for way, named in slices.items():
        for name, part in named.items():
            tail = "" if name == ALL else f"/{quote(name, safe='')}"
            for run, reached in zip(plan.runs, measured(part, plan.runs, plan.ks, how), strict=True):
                found[run] |= {f"{way}/{metric}{tail}": plain(estimate) for metric, estimate in reached.items()}
    return found


def _changes(slices: Slices, plan: Plan) -> dict[str, Any]:
    """Run → direction → slice → how its ranks moved against the baseline's."""
    others = [run for run in plan.runs if run != plan.baseline]
    return {
        run: {
            way: {
                name: rank_changes(part.field.rank[plan.baseline], part.field.rank[run]) for name, part in named.items()
            }
            for way, named in slices.items()
        }
        for run in others
    }


def _curves(slices: Slices, plan: Plan) -> dict[str, Any]:
    """Direction → depths and each run's recall at them, over all queries."""
    return {
        way: {
            "k": list(range(1, CURVE + 1)),
            "runs": {run: recall_curve(named[ALL].field.rank[run]) for run in plan.runs},
        }
        for way, named in slices.items()
    }
