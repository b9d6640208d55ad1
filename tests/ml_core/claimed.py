"""A small comparison for the tests of claims: outcomes made by numbers, labels, a plan, and the bundle of it all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml_core.claims.bundle import Claim, ClaimedRun, write_bundle
from ml_core.claims.outcomes import RunOutcomes
from ml_core.claims.plan import Answer, Label, Plan, Stratum
from ml_core.claims.statistics import compute

PICTURES, CAPTIONS = 60, 5
DATA = "d" * 64
CATEGORIES = ("attribute", "count", "spatial")


def way(direction: str, rank_Q: np.ndarray, first_Q: np.ndarray | None = None) -> RunOutcomes:
    """Outcomes of one direction over PICTURES with CAPTIONS each; a wrong first answer is the next picture's."""
    numbers_Q = np.arange(len(rank_Q))
    unit_Q = numbers_Q // CAPTIONS if direction == "t2i" else numbers_Q
    prompt, answer = ("c", "p") if direction == "t2i" else ("p", "c")
    if first_Q is None:
        step = 1 if direction == "t2i" else CAPTIONS
        own_Q = unit_Q if direction == "t2i" else numbers_Q * CAPTIONS
        first_Q = np.where(rank_Q == 1, own_Q, (own_Q + step) % (len(set(unit_Q.tolist())) * step))
    return RunOutcomes(
        numbers_Q,
        [f"{prompt}{number}" for number in numbers_Q],
        unit_Q,
        np.asarray(rank_Q),
        first_Q,
        [f"{answer}{number}" for number in first_Q],
    )


def random_run(seed: int, start: np.ndarray | None = None, moved: float = 0.3) -> dict[str, RunOutcomes]:
    """Ranks between 1 and 40 both ways; `start` are t2i ranks of which a share `moved` is drawn anew."""
    rng = np.random.default_rng(seed)

    def ranks(queries: int) -> np.ndarray:
        return np.where(rng.random(queries) < 0.4, 1, rng.integers(2, 41, queries))

    rank_Q = ranks(PICTURES * CAPTIONS)
    if start is not None:
        rank_Q = np.where(rng.random(len(start)) < moved, rank_Q, start)
    return {"t2i": way("t2i", rank_Q), "i2t": way("i2t", ranks(PICTURES))}


def comparison(**changes: Any) -> tuple[dict[str, dict[str, RunOutcomes]], list[Label], Plan]:
    """Three runs, of which `rnd` is the control; forty labelled failures of run 1; changes are the plan's."""
    first = random_run(1)
    outcomes = {"1": first, "2": random_run(2, first["t2i"].rank_Q), "rnd": random_run(3, first["t2i"].rank_Q, 0.5)}
    failures = np.flatnonzero(first["t2i"].rank_Q > 1)
    labels = [
        Label("t2i", f"c{number}", CATEGORIES[place % 3], origin="single", stratum="failures")
        for place, number in enumerate(failures[:40])
    ]
    plan = Plan(
        baseline="1",
        runs=("1", "2", "rnd"),
        data_hash=DATA,
        control="rnd",
        slices={
            "attribute": {"t2i": tuple(label.query for label in labels if label.category == "attribute")},
            "half": {"t2i": tuple(f"c{number}" for number in range(0, 300, 2))},
        },
        strata={"failures": Stratum("t2i", "failures", len(failures))},
        resamples=200,
    )
    return outcomes, labels, replace(plan, **changes)


def claim(**changes: Any) -> Claim:
    """A claim of that comparison with true statistics."""
    outcomes, labels, plan = comparison(**changes)
    runs = {
        name: ClaimedRun(
            title=f"Run {name}",
            method="retrieval.evaluate",
            spec={"encoder": name, "seed": 0},
            outcomes=outcomes[name],
            environment={"data_hash": DATA, "code": "abc", "seeds": {"seed": 0}},
        )
        for name in plan.runs
    }
    answers = [Answer(label.direction, label.query, "A", label.category) for label in labels]
    return Claim(plan, runs, labels, answers, compute(outcomes, labels, plan))


def written(folder: Path, made: Claim | None = None) -> Path:
    """That claim as a bundle."""
    path = folder / "claim.zip"
    write_bundle(path, made or claim())
    return path
