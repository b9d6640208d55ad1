"""What may not be compared or called a gain, and why: selection by the baseline, unlike runs, data seen in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml_core.datasets.overlap import Overlap, overlap

__all__ = ["Basis", "Overlap", "Selection", "comparable", "overlap", "selected_baseline", "selection_text"]

Selection = Literal["", "failures", "successes"]


def selected_baseline(rank_Q: np.ndarray) -> Selection:
    """Whether queries look chosen by the baseline's own outcome: none right ("failures") or all ("successes").

    Among failures a change can only repair, among successes only break: the count says nothing until a control that
    changes as much at random stands beside it. (Q,) ranks of the baseline, from 1; no query is no selection.
    """
    rank_Q = np.asarray(rank_Q)
    if not len(rank_Q):
        return ""
    if (rank_Q > 1).all():
        return "failures"
    return "successes" if (rank_Q == 1).all() else ""


def selection_text(selection: Selection, control: bool) -> str:
    """The sentence that stands beside a number on such queries; empty where there is no selection."""
    if not selection:
        return ""
    what, only = ("wrong", "repair") if selection == "failures" else ("right", "break")
    start = f"The baseline gets every one of these queries {what}, so a change can only {only} here."
    if control:
        return f"{start} What counts is the difference to the control, which changes as much at random."
    return f"{start} Nothing is shown without a control run that changes as much at random."


@dataclass(frozen=True)
class Basis:
    """What a run's numbers rest on: its data set and its queries, each by a hash; `name` is how people call it."""

    name: str
    data_hash: str
    queries: dict[str, str]  # direction → a hash of the queries' ids, in their order


def comparable(one: Basis, other: Basis) -> str:
    """Why two runs may not be compared, in a sentence with what to do; empty where they may."""
    if not one.data_hash or not other.data_hash:
        lacking = one if not one.data_hash else other
        return f"Run {lacking.name} does not say which data set it was evaluated on. Run it again, then compare."
    if one.data_hash != other.data_hash:
        return (
            f"Runs {one.name} and {other.name} were evaluated on different data sets ({one.data_hash[:12]} and "
            f"{other.data_hash[:12]}). Evaluate one of them again on the other's data set."
        )
    common = set(one.queries) & set(other.queries)
    if not common:
        return f"Runs {one.name} and {other.name} have no direction in common. Evaluate one of them in both directions."
    for direction in sorted(common):
        if one.queries[direction] != other.queries[direction]:
            return (
                f"Runs {one.name} and {other.name} answered different queries ({direction}). Compare runs with the "
                "same sample of the data set."
            )
    return ""
