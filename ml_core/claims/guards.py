"""What may not be compared or called a gain, and why: selection by the baseline, unlike runs, data seen in training."""

from __future__ import annotations

from collections.abc import Collection

from ml_core.claims.alike import Basis, comparable
from ml_core.datasets.overlap import Overlap, overlap
from ml_core.metrics.significance.selection import Selection, selected_baseline

__all__ = ["Basis", "Overlap", "Selection", "comparable", "overlap", "seen_text", "selected_baseline", "selection_text"]


def selection_text(selection: Selection, control: bool) -> str:
    """The sentence that stands beside a number on such queries; empty where there is no selection."""
    if not selection:
        return ""
    what, only = ("wrong", "repair") if selection == "failures" else ("right", "break")
    start = f"The baseline gets every one of these queries {what}, so a change can only {only} here."
    if control:
        return f"{start} What counts is the difference to the control, which changes as much at random."
    return f"{start} Nothing is shown without a control run that changes as much at random."


def seen_text(runs: Collection[str]) -> str:
    """The sentence beside a verdict that rests on runs whose model was trained on the data; empty where none was."""
    if not runs:
        return ""
    names = ", ".join(sorted(runs))
    return f"Not held out: the model of run {names} was trained on what it is evaluated on, so nothing is shown by it."
