"""The registered comparison: the one verdict that was announced before anybody looked, and what it comes to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np

from ml_core.claims.guards import seen_text, selection_text
from ml_core.claims.plain import no_gain, plain_verdict
from ml_core.claims.plan import Label, Plan, Registration
from ml_core.claims.slices import Slice
from ml_core.claims.verdicts import seen_in
from ml_core.metrics.significance.verdict import Outcomes, Verdict, judged, verdict_on
from ml_core.metrics.uncertainty import How
from ml_core.spec import BadInput

Conclusion = Literal["confirmed", "shown", "refuted", "ruled_out", "undecided", "void"]
_RECALL = re.compile(r"recall@([1-9][0-9]{0,5})")
_SENTENCES: dict[str, str] = {
    "confirmed": "The change is shown, and its whole interval reaches the smallest effect of interest.",
    "shown": "The change is shown, but it may be smaller than the smallest effect of interest.",
    "refuted": "The change is shown to go the other way.",
    "ruled_out": "The change is smaller than the smallest effect of interest: the interval ends below it.",
    "undecided": "Nothing is shown, and an effect of the size of interest is not ruled out.",
    "void": "The comparison is not the one that was registered, so it counts as exploratory.",
}


def confirm(
    slices: Mapping[str, Mapping[str, Slice]], labels: Sequence[Label], plan: Plan, how: How
) -> dict[str, Any] | None:
    """The registration, its verdict, how it departs from what was said, and its conclusion; None without one.

    The registered verdict is a family of its own: it was named before anybody looked, so nothing is added to its p.
    BadInput where the registered metric is not recall@k, or the run or slice is none of those compared.
    """
    said = plan.registration
    if said is None:
        return None
    part = _part(slices, said, plan)
    k = _depth(said.metric)
    against = plan.control if part.selection and plan.control else plan.baseline
    found = judged([verdict_on(_at(part, against, k), _at(part, said.run, k), **how)], level=plan.level)[0]
    departs = _departures(part, labels, said, plan)
    conclusion: Conclusion = "void" if departs else _conclusion(found, said.smallest_effect)
    verdict = plain_verdict(found)
    if part.selection and not plan.control:
        verdict = no_gain(verdict) | {"adjusted": None, "shown": False}
    return {
        **asdict(said),
        "against": against,
        "n_reached": len(part.place_Q),
        "verdict": verdict,
        "departures": departs,
        "conclusion": conclusion,
        "text": _SENTENCES[conclusion],
    }


def mode_of(registered: Mapping[str, Any] | None) -> str:
    """What a comparison counts as: confirmatory only where it is the one that was registered."""
    return "confirmatory" if registered and registered["conclusion"] != "void" else "exploratory"


def _part(slices: Mapping[str, Mapping[str, Slice]], said: Registration, plan: Plan) -> Slice:
    if said.run not in plan.runs or said.run == plan.baseline:
        raise BadInput(f"the registered run {said.run} is not compared with the baseline", field="registration")
    try:
        return slices[said.direction][said.slice]
    except KeyError:
        raise BadInput(
            f"the registered slice {said.slice!r} ({said.direction}) is not among the slices compared",
            field="registration",
        ) from None


def _depth(metric: str) -> int:
    named = _RECALL.fullmatch(metric)
    if not named:
        raise BadInput(f"the registered metric is {metric!r}; recall@k can be registered", field="registration")
    return int(named[1])


def _at(part: Slice, run: str, k: int) -> Outcomes:
    """Outcomes where "right" means within the first k."""
    found = part.field.outcomes(run)
    if k == 1:
        return found
    ranks_Q = np.where(part.field.rank[run] <= k, 1, part.field.rank[run])
    return Outcomes(found.numbers_Q, found.units_Q, ranks_Q, found.first_Q)


def _departures(part: Slice, labels: Sequence[Label], said: Registration, plan: Plan) -> list[str]:
    found = []
    own = {label.query for label in labels if (label.direction, label.category) == (said.direction, said.category)}
    if said.category and own != set(part.field.id_Q):
        found.append(
            f"The queries registered are those labelled {said.category!r}; the slice {said.slice!r} has others."
        )
    if said.data_hash != plan.data_hash:
        found.append(
            f"Registered for the data {said.data_hash[:12]}, compared on {plan.data_hash[:12] or 'unnamed data'}."
        )
    if len(part.place_Q) != said.n:
        found.append(f"Registered for {said.n:,} queries, compared on {len(part.place_Q):,}.")
    if seen := seen_in(plan, said.run):
        found.append(seen_text(seen))
    if part.selection and not plan.control:
        found.append(selection_text(part.selection, control=False))
    return found


def _conclusion(found: Verdict, smallest: float) -> Conclusion:
    """A negative smallest effect registers a loss; otherwise a gain."""
    sign = -1 if smallest < 0 else 1
    ends = sorted(sign * end for end in (found.net.low, found.net.high) if end is not None)
    if not ends:
        return "undecided"
    low, high = ends[0], ends[-1]
    if found.shown and sign * found.net.value < 0:
        return "refuted"
    if found.shown:
        return "confirmed" if low >= abs(smallest) else ("ruled_out" if high < abs(smallest) else "shown")
    return "ruled_out" if high < abs(smallest) else "undecided"
