"""What a run did to each category of labelled queries: counts as labelled, shares and net change by design weights."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml_core.claims.outcomes import Field
from ml_core.claims.plan import Label, Plan
from ml_core.metrics.uncertainty import How


def effects_of(
    fields: Mapping[str, Field], labels: Sequence[Label], plan: Plan, how: How
) -> dict[str, dict[str, dict[str, Any]]]:
    """Run → direction → effects; a direction without labels is left out."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for way, field in fields.items():
        own = [label for label in labels if label.direction == way]
        if not own:
            continue
        place_of = {query: place for place, query in enumerate(field.id_Q)}
        places_L = np.array([place_of[label.query] for label in own])
        for run in plan.runs:
            if run != plan.baseline:
                found.setdefault(run, {})[way] = _of_run(field, way, run, own, places_L, plan, how)
    return found


def _of_run(
    field: Field, way: str, run: str, labels: list[Label], places_L: np.ndarray, plan: Plan, how: How
) -> dict[str, Any]:
    before_Q, after_Q = field.rank[plan.baseline] == 1, field.rank[run] == 1
    moved_Q = field.first[plan.baseline] != field.first[run]
    broken_Q = before_Q & ~after_Q
    unlabelled = int(broken_Q.sum() - broken_Q[places_L].sum())
    members: dict[str, list[int]] = defaultdict(list)
    for number, label in enumerate(labels):
        members[label.category].append(number)
    categories = {}
    for category in sorted(members):
        places_S = places_L[members[category]]
        categories[category] = _counts(before_Q[places_S], after_Q[places_S], moved_Q[places_S])
    return {
        "broken": int(broken_Q.sum()),
        "broken_unlabelled": unlabelled,
        "strata": _strata(labels, way, run, plan),
        "categories": categories,
    }


def _counts(before_S: np.ndarray, after_S: np.ndarray, moved_S: np.ndarray) -> dict[str, Any]:
    wrong_S = ~before_S & ~after_S
    return {
        "labelled": len(before_S),
        "failures": int((~before_S).sum()),
        "repaired": int((~before_S & after_S).sum()),
        "still_wrong": int((wrong_S & ~moved_S).sum()),
        "wrong_differently": int((wrong_S & moved_S).sum()),
        "successes": int(before_S.sum()),
        "broken": int((before_S & ~after_S).sum()),
        "still_right": int((before_S & after_S).sum()),
    }


def _strata(labels: list[Label], way: str, run: str, plan: Plan) -> dict[str, Any]:
    """The strata that speak of this run in this direction, each with the weight of a label in it."""
    labelled = Counter(label.stratum for label in labels)
    found = {}
    for name, stratum in sorted(plan.strata.items()):
        if stratum.direction == way and (stratum.of != "broken" or stratum.run == run):
            number = labelled[name]
            weight = stratum.population / number if number else None
            found[name] = {
                "of": stratum.of, "population": stratum.population, "labelled": number, "weight": weight,
            }  # fmt: skip
    return found
