"""Writes a surface: every point with its measures as a table, and what heat maps and comparisons are drawn from."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ml_core.events import Artifact, Event
from ml_core.metrics.classification import estimates
from ml_core.zeroshot.fusion import Point
from ml_core.zeroshot.outcome import Outcome
from ml_core.zeroshot.report import Reporting
from ml_core.zeroshot.sweep.algebra import Surface
from ml_core.zeroshot.sweep.choosing import Choice
from ml_core.zeroshot.sweep.parting import DEV, TEST
from ml_core.zeroshot.tables import plot

UNIFORM = "uniform"


def in_words(point: Point) -> str:
    """A point for people; a side whose share is 0 has no temperature."""
    taus = [
        f", τ of {side} {UNIFORM if tau is None else f'{tau:g}'}"
        for side, share, tau in (("classes", point.alpha, point.tau_t2t), ("pictures", point.beta, point.tau_i2t))
        if share
    ]
    return f"α = {point.alpha:g}, β = {point.beta:g}{''.join(taus)}"


def kept(surface: Surface, chosen: list[Choice], select: str, *, crossed: bool, out: Path) -> Iterator[Event]:
    """surface.csv with every measure by part, and plots/sweep.json: what was chosen by, at every point (τ null:
    uniform weights), and how often a point was chosen."""
    everything = list(range(surface.support_FC.shape[0]))
    parts = {"all": everything} if crossed else {"dev": [DEV], "test": [TEST]}
    measured = {part: surface.measures(which) for part, which in parts.items()}
    columns = {f"{part}/{name}": values for part, found in measured.items() for name, values in found.items()}
    points = surface.grid.points()
    path = out / "surface.csv"
    part = path.with_name("surface.csv.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["tau_t2t", "tau_i2t", "alpha", "beta", *columns])
        for place, point in enumerate(points):
            writer.writerow([*_cells(point), *(repr(float(values[place])) for values in columns.values())])
    part.replace(path)
    yield Artifact("surface.csv", "Every point of the sweep", "table", "text/csv")
    times = Counter(choice.place for choice in chosen)
    shown = measured["all" if crossed else "dev"]
    table: dict[str, list[Any]] = {name: [getattr(point, name) for point in points] for name in vars(points[0])}
    table |= {name: values.tolist() for name, values in shown.items()}
    table |= {"chosen": [times[place] for place in range(len(points))]}
    yield from plot("sweep", f"{select} of every point", table, out)


def compared(outcomes: Mapping[str, Outcome], points: Mapping[str, Point], reporting: Reporting) -> Iterator[Event]:
    """plots/sweep_points.json: plain, untuned and tuned on the same tested pictures, with intervals."""
    rows = []
    for name, outcome in outcomes.items():
        point = points.get(name)
        where = [None] * 4 if point is None else [point.alpha, point.beta, point.tau_t2t, point.tau_i2t]
        found = estimates(outcome.answers, (1,), reporting.how)
        rows += [[name, *where, measure, *found[measure]] for measure in ("accuracy@1", "f1/macro")]
    names = ["point", "alpha", "beta", "tau_t2t", "tau_i2t", "measure", "value", "low", "high", "n"]
    table = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    yield from plot("sweep_points", "Tuned, untuned and plain", table, reporting.out)


def _cells(point: Point) -> list[str]:
    taus = [UNIFORM if tau is None else f"{tau:g}" for tau in (point.tau_t2t, point.tau_i2t)]
    return [*taus, f"{point.alpha:g}", f"{point.beta:g}"]
