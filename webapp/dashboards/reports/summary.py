"""summary_subset_results.csv over many runs of `retrieval.improve`: the original's columns, and the control beside."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

from django.http import QueryDict

from ml_core.cells import safe_cell
from webapp.accounts.models import Project
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Metric, Run
from webapp.experiments.queries.runs import held_out_of, title_of
from webapp.verdicts.comparing.asked import read
from webapp.verdicts.reporting.gathering import TWINS

FILE = "summary_subset_results.csv"
METHOD = "retrieval.improve"
MOST = 500
_KS = (1, 5, 10)
_ARMS = {"control": "random-control", "no_op": "no-op"}
ORIGINAL = [
    "file", "subset_size", "categories", "pooling", "tau", "K_templates", "seed",
    *(f"{name}_R@{k}" for name in ("baseline", "improved") for k in _KS), *(f"delta_pp_R@{k}" for k in _KS),
]  # fmt: skip
BESIDE = [
    "run", "title", *(f"{name}_R@{k}" for name in _ARMS for k in _KS), *(f"control_delta_pp_R@{k}" for k in _KS),
    *(f"improved_less_control_pp_R@{k}" for k in _KS), "repaired", "broken", "net", "net_low", "net_high",
    "p_value", "held_out", "note",
]  # fmt: skip
SELECTED = (
    "failures alone were chosen, so the baseline is 0 and any change looks like a gain: read it less the control, and"
    " beside all queries"
)


def runs_for(project: Project, numbers: list[int] | None = None) -> list[Run]:
    """Finished improvements of the project, the newest first; of `numbers` those that are such runs."""
    found = Run.objects.filter(project=project, method=METHOD, state=Run.State.SUCCEEDED)
    if numbers is not None:
        found = found.filter(pk__in=numbers)
    return list(found.order_by("-pk")[:MOST])


def rows_of(runs: list[Run], subset: str = "") -> Iterator[list[Any]]:
    """The header, then the rows that each run itself left, each with what stood beside it. `subset`: only of this name
    (and the rows of all queries)."""
    yield [*ORIGINAL, *BESIDE]
    keys = _keys(runs)
    measured = _measured(runs)
    for run in runs:
        if run.pk not in keys:
            continue
        for row in _written(keys[run.pk]):
            part = _part(row, measured[run.pk])
            if not subset or part in ("", quote(subset, safe="")):
                yield [_cell(row[name]) for name in ORIGINAL] + _beside(run, row, part, measured[run.pk])


def table(project: Project, query: QueryDict) -> str:
    """The file's text, of the runs that an address names (`runs`, `subset`), or of every improvement of the project."""
    numbers = list(read(query).runs) if "runs" in query else None
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in rows_of(runs_for(project, numbers), query.get("subset", "")):
        writer.writerow([safe_cell(cell) for cell in row])
    return buffer.getvalue()


def subsets_in(runs: list[Run]) -> list[str]:
    """The names of the subsets that these runs were reported on; the queries without near duplicates are none."""
    names = Metric.objects.filter(run__in=runs, step=-1, name="t2i/recall@1", slice__startswith="baseline%20on%20")
    parts = names.values_list("slice", flat=True).distinct()
    return sorted({unquote(part.removeprefix("baseline%20on%20")) for part in parts} - {TWINS})


def _keys(runs: list[Run]) -> dict[int, str]:
    attempts = {run.pk: run.attempt for run in runs}
    rows = Artifact.objects.filter(run__in=runs, path=FILE).values_list("run_id", "attempt", "key")
    return {number: key for number, attempt, key in rows if attempts[number] == attempt}


def _measured(runs: list[Run]) -> dict[int, dict[tuple[str, str], Metric]]:
    names = [*(f"recall@{k}" for k in _KS), "repaired", "broken", "net", "p_value"]
    rows = Metric.objects.filter(run__in=runs, step=-1, name__in=[f"t2i/{name}" for name in names])
    found: dict[int, dict[tuple[str, str], Metric]] = {run.pk: {} for run in runs}
    for row in rows:
        found[row.run_id][row.name.removeprefix("t2i/"), row.slice] = row
    return found


def _written(key: str) -> list[dict[str, str]]:
    """The table as the run wrote it; none where the file is gone."""
    try:
        text = store().read_bytes(key).decode("utf-8")
    except FileNotFoundError:
        return []
    return [row for row in csv.DictReader(io.StringIO(text)) if set(ORIGINAL) <= set(row)]


def _part(row: dict[str, str], measured: dict[tuple[str, str], Metric]) -> str:
    """The slice that a row is of, as metrics name it: all queries, a subset, or the labelled ones."""
    if (row["file"], row["categories"]) == ("all queries", "all"):
        return ""
    named = quote(row["categories"], safe="")
    return named if ("recall@1", _slice("baseline", named)) in measured else "labelled"


def _slice(arm: str, part: str) -> str:
    return f"{arm}%20on%20{part}" if part else arm


def _beside(run: Run, row: dict[str, str], part: str, measured: dict[tuple[str, str], Metric]) -> list[Any]:
    def value(name: str, of: str) -> float | None:
        found = measured.get((name, of))
        return found.value if found else None

    recalls = {arm: [value(f"recall@{k}", _slice(named, part)) for k in _KS] for arm, named in _ARMS.items()}
    baseline, improved = ([_number(row[f"{arm}_R@{k}"]) for k in _KS] for arm in ("baseline", "improved"))
    control = recalls["control"]
    net = measured.get(("net", part))
    whole = [value(name, part) for name in ("repaired", "broken")]
    counts = [None if count is None else int(count) for count in whole]
    interval = [net.value, net.low, net.high] if net else [None] * 3
    note = SELECTED if part and baseline[0] == 0 else ""
    return [
        run.pk, title_of(run), *control, *recalls["no_op"], *_points(control, baseline), *_points(improved, control),
        *counts, *interval, value("p_value", part), held_out_of(run), note,
    ]  # fmt: skip


def _points(after: list[float | None], before: list[float | None]) -> list[float | None]:
    pairs = zip(after, before, strict=True)
    return [None if one is None or other is None else 100 * (one - other) for one, other in pairs]


def _cell(text: str) -> str | float:
    """A number as a number, so that one below zero is not taken for a formula."""
    number = _number(text)
    return text if number is None else int(number) if text.isdecimal() else number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
