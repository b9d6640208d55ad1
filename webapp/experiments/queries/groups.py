"""A group of runs: each metric over its seeds as mean, spread and interval."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, stdev

from webapp.accounts.models import Project
from webapp.experiments.lifecycle import FINAL
from webapp.experiments.metric_names import in_words
from webapp.experiments.models import Metric, Run, RunGroup
from webapp.experiments.queries.runs import Row, rows_of

# Two-sided 95 % quantiles of Student's t by degrees of freedom; beyond 30 the normal one is near enough.
_T = [
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
]


@dataclass(frozen=True)
class Across:
    """A metric over the runs of a group; `low` and `high`: the 95 % t-interval of the mean, None for a single run."""

    name: str
    value: float
    low: float | None
    high: float | None
    spread: float | None
    n: int

    @property
    def label(self) -> str:
        """Its name in words."""
        return in_words(self.name)


@dataclass(frozen=True)
class Group:
    """A group with its runs and what they measured together."""

    id: int
    name: str
    rows: list[Row]
    seeds: dict[int, str]
    metrics: list[Across]
    waiting: int


def group_of(project: Project, group_id: int, *, now: datetime) -> Group | None:
    """A group of this project; None where it has none of that number."""
    group = RunGroup.objects.filter(project=project, pk=group_id).first()
    if group is None:
        return None
    runs = list(
        Run.objects.filter(group=group).select_related("created_by").prefetch_related("inputs__corpus").order_by("id")
    )
    done = [run.pk for run in runs if run.state == Run.State.SUCCEEDED]
    waiting = sum(run.state in (Run.State.QUEUED, Run.State.RUNNING) for run in runs)
    seeds = {run.pk: str(run.spec.get("seed", "")) for run in runs}
    return Group(group.pk, group.name, rows_of(runs, now=now), seeds, across(done), waiting)


def across(run_ids: list[int]) -> list[Across]:
    """Every metric that all these runs measured, as mean with its interval over the runs."""
    values: dict[str, list[float]] = defaultdict(list)
    found = Metric.objects.filter(run__in=run_ids, step=FINAL, slice="").order_by("name", "run_id")
    for name, value in found.values_list("name", "value"):
        values[name].append(value)
    return [summary(name, measured) for name, measured in values.items() if len(measured) == len(run_ids)]


def summary(name: str, measured: list[float]) -> Across:
    """Mean, standard deviation and 95 % t-interval of one metric over runs."""
    count, middle = len(measured), mean(measured)
    if count < 2:
        return Across(name, middle, None, None, None, count)
    spread = stdev(measured)
    reach = (_T[count - 2] if count <= len(_T) + 1 else 1.96) * spread / math.sqrt(count)
    return Across(name, middle, middle - reach, middle + reach, spread, count)
