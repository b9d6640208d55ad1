"""The verdict of each run against the baseline on each slice, and what counts as one family of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml_core.claims.guards import seen_text, selection_text
from ml_core.claims.plain import no_gain, plain_verdict
from ml_core.claims.plan import Plan
from ml_core.claims.slices import Slice
from ml_core.metrics.significance.verdict import Verdict, judged, verdicts_on
from ml_core.metrics.uncertainty import How

Key = tuple[str, str, str]  # run, direction, slice


def verdicts_of(
    slices: Mapping[str, Mapping[str, Slice]], plan: Plan, how: How
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run → direction → slice → verdict, and the family they were judged in.

    Where the baseline got none of a slice's queries right (or all), the family holds the difference to the control in
    place of the difference to the baseline, and nothing where there is no control; the control itself is never judged
    on such a slice. Nothing is judged of a run whose model, or the baseline's, was trained on the data.
    """
    keys = [
        (run, way, name) for run in plan.runs if run != plan.baseline for way, named in slices.items() for name in named
    ]
    against_baseline = _verdicts(slices, keys, plan.baseline, how)
    trusted = {key for key in keys if not seen_in(plan, key[0])}
    held = [key for key in keys if plan.control and key[0] != plan.control and slices[key[1]][key[2]].selection]
    against_control = _verdicts(slices, held, plan.control, how)
    family: dict[Key, Verdict] = {
        key: against_control.get(key, found)
        for key, found in against_baseline.items()
        if key in trusted and (key in against_control or not slices[key[1]][key[2]].selection)
    }
    decided = dict(zip(family, judged(list(family.values()), level=plan.level), strict=True))
    found: dict[str, Any] = {}
    for run, way, name in keys:
        key = (run, way, name)
        card = _card(run, slices[way][name], plan, against_baseline[key], decided.get(key), against_control.get(key))
        found.setdefault(run, {}).setdefault(way, {})[name] = card
    about = {
        "method": "holm",
        "level": plan.level,
        "size": len(family),
        "members": [list(key) for key in family],
        "left_out": len(keys) - len(family),
    }
    return found, about


def _verdicts(
    slices: Mapping[str, Mapping[str, Slice]], keys: Sequence[Key], against: str, how: How
) -> dict[Key, Verdict]:
    """By slice, because all runs of one are resampled at once."""
    found: dict[Key, Verdict] = {}
    for way, name in dict.fromkeys(key[1:] for key in keys):
        field, own = slices[way][name].field, [key for key in keys if key[1:] == (way, name)]
        made = verdicts_on(field.outcomes(against), [field.outcomes(key[0]) for key in own], **how)
        found |= dict(zip(own, made, strict=True))
    return {key: found[key] for key in keys}


def seen_in(plan: Plan, run: str) -> set[str]:
    """Those of a run, the baseline and the control that were trained on the data."""
    return {run, plan.baseline, plan.control} & set(plan.seen)


def _card(
    run: str,
    part: Slice,
    plan: Plan,
    against_baseline: Verdict,
    decided: Verdict | None,
    against_control: Verdict | None,
) -> dict[str, Any]:
    """One verdict for JSON. On a selected slice "adjusted" and "shown" are those of the difference to the control."""
    shown = plain_verdict(against_baseline)
    if part.selection and not plan.control:
        shown = no_gain(shown)
    shown["adjusted"] = decided.adjusted if decided else None
    shown["shown"] = decided.shown if decided else False
    shown["judged"] = decided is not None
    shown["selection"] = part.selection
    shown["why"] = seen_text(seen_in(plan, run)) or selection_text(part.selection, bool(plan.control))
    shown["held_out"] = not seen_in(plan, run)
    shown["against_control"] = plain_verdict(decided) if decided and against_control else None
    return shown
