"""What a run did to each category of labelled queries: counts as labelled, shares and net change by design weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_core.claims.design import known_total, sampled_total, together
from ml_core.claims.outcomes import Field
from ml_core.claims.plain import plain
from ml_core.claims.plan import Kind, Label, Plan
from ml_core.metrics.uncertainty import Estimate, How, by_unit, means


@dataclass(frozen=True)
class Labelled:
    """The labels of one direction as arrays (L,): where each query stands, its category and stratum by number."""

    place_L: np.ndarray
    category_L: np.ndarray
    stratum_L: np.ndarray  # -1: none
    categories: list[str]
    strata: list[str]


@dataclass(frozen=True)
class Moves:
    """What one run did against the baseline: (Q,) truths over all queries."""

    before_Q: np.ndarray
    after_Q: np.ndarray
    moved_Q: np.ndarray
    unit_Q: np.ndarray

    @property
    def repaired_Q(self) -> np.ndarray:
        """Wrong before, right after."""
        return ~self.before_Q & self.after_Q

    @property
    def broken_Q(self) -> np.ndarray:
        """Right before, wrong after."""
        return self.before_Q & ~self.after_Q


def effects_of(
    fields: Mapping[str, Field], labels: Sequence[Label], plan: Plan, how: How
) -> dict[str, dict[str, dict[str, Any]]]:
    """Run → direction → effects; a direction without labels is left out."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for way, field in fields.items():
        own = [label for label in labels if label.direction == way]
        if not own:
            continue
        labelled = _labelled(own, field, plan, way)
        before_Q = field.rank[plan.baseline] == 1
        for run in plan.runs:
            if run != plan.baseline:
                moved_Q = field.first[plan.baseline] != field.first[run]
                moves = Moves(before_Q, field.rank[run] == 1, moved_Q, field.unit_Q)
                found.setdefault(run, {})[way] = _of_run(labelled, moves, run, plan, how)
    return found


def _labelled(labels: list[Label], field: Field, plan: Plan, way: str) -> Labelled:
    place_of = {query: place for place, query in enumerate(field.id_Q)}
    categories = sorted({label.category for label in labels})
    strata = [name for name, stratum in sorted(plan.strata.items()) if stratum.direction == way]
    number_of = {name: number for number, name in enumerate(strata)}
    return Labelled(
        np.array([place_of[label.query] for label in labels]),
        np.array([categories.index(label.category) for label in labels]),
        np.array([number_of.get(label.stratum, -1) for label in labels]),
        categories,
        strata,
    )


def _of_run(labelled: Labelled, moves: Moves, run: str, plan: Plan, how: How) -> dict[str, Any]:
    broken_Q = moves.broken_Q
    strata = {name: plan.strata[name] for name in labelled.strata}
    mine = {name: s for name, s in strata.items() if s.of != "broken" or s.run == run}
    counted = {name: int((labelled.stratum_L == labelled.strata.index(name)).sum()) for name in mine}
    why = _why_no_net(labelled, moves, plan, counted)
    return {
        "broken": int(broken_Q.sum()),
        "broken_unlabelled": int(broken_Q.sum() - broken_Q[labelled.place_L].sum()),
        "strata": {
            name: {
                "of": stratum.of,
                "population": stratum.population,
                "labelled": counted[name],
                "weight": stratum.population / counted[name] if counted[name] else None,
            }
            for name, stratum in mine.items()
        },
        "categories": {
            category: _counts(moves, labelled.place_L[labelled.category_L == number])
            | {
                "repaired_share": _repaired_share(labelled, moves, number, plan, how),
                "net": None if why else plain(_net(labelled, moves, number, counted, plan, how)),
                "why": why,
            }
            for number, category in enumerate(labelled.categories)
        },
    }


def _counts(moves: Moves, place_S: np.ndarray) -> dict[str, Any]:
    before_S, after_S, moved_S = (part[place_S] for part in (moves.before_Q, moves.after_Q, moves.moved_Q))
    wrong_S = ~before_S & ~after_S
    return {
        "labelled": len(place_S),
        "failures": int((~before_S).sum()),
        "repaired": int((~before_S & after_S).sum()),
        "still_wrong": int((wrong_S & ~moved_S).sum()),
        "wrong_differently": int((wrong_S & moved_S).sum()),
        "successes": int(before_S.sum()),
        "broken": int((before_S & ~after_S).sum()),
        "still_right": int((before_S & after_S).sum()),
    }


def _repaired_share(labelled: Labelled, moves: Moves, category: int, plan: Plan, how: How) -> dict[str, Any] | None:
    """Of the category's failures, the share that is right now: a label counts as many failures as it stands for."""
    numbers = [n for n, name in enumerate(labelled.strata) if plan.strata[name].of == "failures"]
    drawn_L = np.isin(labelled.stratum_L, numbers) if numbers else np.ones(len(labelled.place_L), dtype=bool)
    drawn_L &= ~moves.before_Q[labelled.place_L]
    chosen_L = drawn_L & (labelled.category_L == category)
    if not chosen_L.any():
        return None
    weight_L = np.ones(len(chosen_L))
    for number in numbers:
        own_L = labelled.stratum_L == number
        weight_L[own_L] = plan.strata[labelled.strata[number]].population / max(own_L.sum(), 1)
    place_S, weight_S = labelled.place_L[chosen_L], weight_L[chosen_L]
    sums_U, _ = by_unit(weight_S * moves.after_Q[place_S], moves.unit_Q[place_S])
    weights_U, _ = by_unit(weight_S, moves.unit_Q[place_S])
    return plain(means(sums_U[:, None], weights_U, fractions=[True], **how)[0])


def _why_no_net(labelled: Labelled, moves: Moves, plan: Plan, counted: Mapping[str, int]) -> str:
    """Why nothing can be said of the whole set, in a sentence; empty where it can."""
    before_Q, broken_Q = moves.before_Q, moves.broken_Q
    if why := _uncovered(labelled, ~before_Q, "failures", plan, counted):
        return why
    if _all_labelled(labelled, broken_Q) or not _uncovered(labelled, before_Q, "successes", plan, counted):
        return ""
    left = int(broken_Q.sum() - broken_Q[labelled.place_L].sum())
    return f"{left:,} of the {int(broken_Q.sum()):,} queries that this run broke have no label: label the broken ones."


def _uncovered(labelled: Labelled, wanted_Q: np.ndarray, kind: Kind, plan: Plan, counted: Mapping[str, int]) -> str:
    """Why the strata of a kind do not speak for all the baseline's failures (or successes); empty where they do."""
    names = [name for name in counted if plan.strata[name].of == kind and plan.strata[name].population]
    if not names:
        return "The labels do not say by what chance their queries were drawn."
    if empty := [name for name in names if not counted[name]]:
        return f"The stratum {empty[0]!r} of {kind} has no label."
    own_L = np.isin(labelled.stratum_L, [labelled.strata.index(name) for name in names])
    population = sum(plan.strata[name].population for name in names)
    if population != wanted_Q.sum() or not wanted_Q[labelled.place_L[own_L]].all():
        return (
            f"The labels were drawn from {population:,} {kind} of another run; the baseline has {wanted_Q.sum():,}. "
            "Compare with the run that they were drawn from."
        )
    return ""


def _size(plan: Plan, name: str) -> int:
    return plan.strata[name].population


def _all_labelled(labelled: Labelled, broken_Q: np.ndarray) -> bool:
    return bool(broken_Q[labelled.place_L].sum() == broken_Q.sum())


def _net(labelled: Labelled, moves: Moves, category: int, counted: Mapping[str, int], plan: Plan, how: How) -> Estimate:
    """Queries of the category that the whole set gained: repaired ones by strata of failures, less the broken ones.

    Broken ones are counted where each has a label; else they come from sampled successes.
    """
    parts = [
        (1, _total(labelled, moves, moves.repaired_Q, category, name, plan, how))
        for name in _strata(counted, plan, "failures")
    ]
    broken_Q = moves.broken_Q
    if _all_labelled(labelled, broken_Q):
        parts.append((-1, known_total(_of_category(labelled, broken_Q, category), moves.unit_Q, how)))
    else:
        parts += [
            (-1, _total(labelled, moves, broken_Q, category, name, plan, how))
            for name in _strata(counted, plan, "successes")
        ]
    return together(parts)


def _strata(counted: Mapping[str, int], plan: Plan, kind: Kind) -> list[str]:
    return [name for name, count in counted.items() if count and plan.strata[name].of == kind]


def _total(
    labelled: Labelled, moves: Moves, hit_Q: np.ndarray, category: int, name: str, plan: Plan, how: How
) -> Estimate:
    own_L = labelled.stratum_L == labelled.strata.index(name)
    place_S = labelled.place_L[own_L]
    hits_S = (hit_Q[place_S] & (labelled.category_L[own_L] == category)).astype(np.int64)
    if len(hits_S) == _size(plan, name):
        hits_Q = np.zeros(len(hit_Q), dtype=np.int64)
        hits_Q[place_S] = hits_S
        return known_total(hits_Q, moves.unit_Q, how)
    return sampled_total(hits_S, moves.unit_Q[place_S], _size(plan, name), how)


def _of_category(labelled: Labelled, hit_Q: np.ndarray, category: int) -> np.ndarray:
    own_L = labelled.category_L == category
    hits_Q = np.zeros(len(hit_Q), dtype=np.int64)
    hits_Q[labelled.place_L[own_L]] = hit_Q[labelled.place_L[own_L]]
    return hits_Q
