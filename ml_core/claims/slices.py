"""Which queries a comparison speaks of: all of them, and named choices of them by id."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_core.claims.guards import Selection, selected_baseline
from ml_core.claims.outcomes import Field
from ml_core.claims.plan import ALL, Plan
from ml_core.spec import BadInput

_SHOWN = 5


@dataclass(frozen=True)
class Slice:
    """Some queries of one direction with every run's outcome, and their units counted once for all of them."""

    name: str
    direction: str
    field: Field
    place_Q: np.ndarray  # each query's unit, 0 … U - 1
    counts_U: np.ndarray
    selection: Selection

    def by_unit(self, values_Q: np.ndarray) -> np.ndarray:
        """Sums of values by unit: (U,)."""
        return np.bincount(self.place_Q, weights=values_Q, minlength=len(self.counts_U))


def slices_of(field: Field, direction: str, plan: Plan) -> dict[str, Slice]:
    """The slice of all queries and the plan's named ones that have queries of this direction.

    BadInput where a name is taken, or an id is unknown or named twice.
    """
    found = {ALL: _slice(ALL, direction, field, plan.baseline)}
    place_of: dict[str, int] = {}
    for name, ways in plan.slices.items():
        if name == ALL:
            raise BadInput(f"no slice may be called {ALL!r}: that is the slice of every query", field="slices")
        if not ways.get(direction):  # type: ignore[call-overload]
            continue
        place_of = place_of or {query: place for place, query in enumerate(field.id_Q)}
        places_S = np.sort(_places(name, direction, ways[direction], place_of))  # type: ignore[index]
        found[name] = _slice(name, direction, field.chosen(places_S), plan.baseline)
    return found


def _slice(name: str, direction: str, field: Field, baseline: str) -> Slice:
    _, place_Q, counts_U = np.unique(field.unit_Q, return_inverse=True, return_counts=True)
    return Slice(name, direction, field, place_Q, counts_U, selected_baseline(field.rank[baseline]))


def _places(name: str, direction: str, ids: tuple[str, ...], place_of: dict[str, int]) -> np.ndarray:
    unknown = sorted({query for query in ids if query not in place_of})
    if unknown:
        shown = ", ".join(unknown[:_SHOWN]) + (", …" if len(unknown) > _SHOWN else "")
        raise BadInput(
            f"slice {name!r}, {direction}: {len(unknown):,} of its queries are in no run: {shown}", field="slices"
        )
    if len(set(ids)) < len(ids):
        raise BadInput(f"slice {name!r}, {direction}: a query is named twice; name each once", field="slices")
    return np.array([place_of[query] for query in ids], dtype=np.int64)
