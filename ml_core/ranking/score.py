"""The method ranking.score: a TREC run against TREC judgements, each measure's mean with its interval over queries."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ml_core.cells import safe_cell
from ml_core.events import Artifact, Event, Log, Metric
from ml_core.methods.ranking_score import RankingScore
from ml_core.metrics.graded import UNJUDGED, Graded, evaluate, from_arrays, parse_measure
from ml_core.metrics.uncertainty import means
from ml_core.ranking.trec import Entries, read_together
from ml_core.spec import BadInput, Context


def run(spec: RankingScore, context: Context) -> Iterator[Event]:
    """Metrics by measure; per_query.csv where asked for."""
    names = measure_names(spec.measures, spec.ks)
    (qrels,), (ranking,) = read_together(qrels=[spec.qrels], runs=[spec.run], runs_field="run")
    queries, graded, remarks = grade(ranking, qrels, level=spec.level, complete=spec.complete, depth=spec.depth)
    yield from (Log(remark, "warning") for remark in remarks)
    values = evaluate(graded, names)
    yield from metrics(values, spec.resamples, spec.seed)
    for name, total in counts(graded).items():
        yield Metric(name, total, total, total, len(queries))
    if spec.per_query:
        _write_values(context.out / "per_query.csv", queries, values)
        yield Artifact("per_query.csv", "Values of each query", "table", "text/csv")


def measure_names(measures: tuple[str, ...], ks: tuple[int, ...]) -> tuple[str, ...]:
    """The measures' canonical names, `@k` spelled out for every k; BadInput for a name that is none."""
    wanted = [
        name.removesuffix("@k") + f"@{k}" if name.endswith("@k") else name
        for name in measures
        for k in (ks if name.endswith("@k") else (0,))
    ]
    try:
        parsed = [parse_measure(name) for name in wanted]
    except ValueError as error:
        raise BadInput(str(error), field="measures") from error
    return tuple(dict.fromkeys(f"{base}@{k}" if k else base for base, k in parsed))


def grade(
    run: Entries, qrels: Entries, *, level: int = 1, complete: bool = False, depth: int = 0
) -> tuple[list[str], Graded, list[str]]:
    """The evaluated queries, their ranked grades, and remarks on queries that only one side has.

    As trec_eval: queries that both have, with `complete` (its -c) every judged one; `depth` is its -M, `level` its -l.
    BadInput where no query is common.
    """
    has_run_Q, has_qrels_Q = run.lengths() > 0, qrels.lengths() > 0
    if not (has_run_Q & has_qrels_Q).any():
        raise BadInput("the run and the judgements have no query in common", field="run")
    remarks = []
    if left_out := int((has_qrels_Q & ~has_run_Q).sum()):
        treatment = "count as zero" if complete else "are left out of the means (complete=true counts them as zero)"
        remarks.append(f"{left_out:,} judged queries are missing from the run and {treatment}")
    if unknown := int((has_run_Q & ~has_qrels_Q).sum()):
        remarks.append(f"{unknown:,} queries of the run have no judgements and are left out")
    chosen_Q = np.flatnonzero(has_qrels_Q if complete else has_run_Q & has_qrels_Q)
    scores_QD = _matrix(run, -np.inf)[chosen_Q]
    grades_QD = _matrix(_grades_of(run, qrels), UNJUDGED)[chosen_Q]
    graded = from_arrays(scores_QD, grades_QD, judged_QJ=_matrix(qrels, UNJUDGED)[chosen_Q], level=level, depth=depth)
    return [run.names.queries[number] for number in chosen_Q], graded, remarks


def metrics(values: dict[str, np.ndarray], resamples: int, seed: int) -> Iterator[Metric]:
    """The mean of each measure over queries with its interval."""
    matrix_QS = np.column_stack(list(values.values()))
    fractions = [True] * matrix_QS.shape[1]
    estimates = means(matrix_QS, np.ones(len(matrix_QS)), fractions=fractions, resamples=resamples, seed=seed)
    yield from (Metric(name, *estimate) for name, estimate in zip(values, estimates, strict=True))


def counts(graded: Graded) -> dict[str, int]:
    """trec_eval's num_q, num_ret, num_rel and num_rel_ret."""
    return {
        "queries": len(graded.retrieved_Q),
        "retrieved": int(graded.retrieved_Q.sum()),
        "relevant": int(graded.relevant_Q.sum()),
        "relevant_retrieved": int(graded.hits_QD.sum()),
    }


def _grades_of(run: Entries, qrels: Entries) -> Entries:
    """The run's pairs with their grades instead of their scores."""
    place_P = np.minimum(np.searchsorted(qrels.pair_P, run.pair_P), len(qrels.pair_P) - 1)
    judged_P = qrels.pair_P[place_P] == run.pair_P
    return Entries(run.names, run.query_P, run.document_P, np.where(judged_P, qrels.value_P[place_P], UNJUDGED))


def _matrix(entries: Entries, filler: float) -> np.ndarray:
    """(Q, D) values, a row a query, filled up at the ends; documents ascend within a row."""
    matrix_QD = np.full(
        (len(entries.names.queries), int(entries.lengths().max())),
        filler,
        dtype=np.result_type(entries.value_P, type(filler)),
    )
    matrix_QD[entries.places()] = entries.value_P
    return matrix_QD


def _write_values(path: Path, queries: list[str], values: dict[str, np.ndarray]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["query", *values])
        for place, query in enumerate(queries):
            writer.writerow([safe_cell(query), *(repr(float(column[place])) for column in values.values())])
    part.replace(path)
