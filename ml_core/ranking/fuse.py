"""The method ranking.fuse, and fusion itself: several runs as arrays in, one run out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ml_core.events import Artifact, Event, Log, Metric
from ml_core.methods.ranking_fuse import RankingFuse
from ml_core.metrics.graded import descending, evaluate
from ml_core.ranking.score import grade, metrics
from ml_core.ranking.trec import Entries, read_together, write_run
from ml_core.spec import BadInput, Context

MEASURES = ("ndcg@5", "ndcg@10", "map", "mrr", "recall@10", "recall@100")


def run(spec: RankingFuse, context: Context) -> Iterator[Event]:
    """fused.run, and its measures where judgements are given."""
    qrels, runs = read_together(qrels=[spec.qrels] if spec.qrels else [], runs=spec.runs)
    fused = fuse(runs, method=spec.method, norm=spec.norm, k=spec.k)
    lines = write_run(context.out / "fused.run", fused, tag=f"{spec.method}", depth=spec.depth)
    yield Artifact("fused.run", "Fused run", "data", "text/plain")
    queries = len(np.unique(fused.query_P))
    yield Metric("queries", queries, queries, queries, queries)
    yield Metric("retrieved", lines, lines, lines, queries)
    if qrels:
        _, graded, remarks = grade(fused, qrels[0], depth=spec.depth)
        yield from (Log(remark, "warning") for remark in remarks)
        yield from metrics(evaluate(graded, MEASURES), spec.resamples, spec.seed)


def fuse(runs: Sequence[Entries], *, method: str = "rrf", norm: str = "minmax", k: int = 60) -> Entries:
    """One run over every (query, document) that any of the runs names; numbers of all runs mean the same ids.

    rrf: Σ 1 / (k + rank). isr: n · Σ 1 / rank². combsum: Σ normalised score. combmnz: n times that. n is the number of
    runs that name the document; ranks go by score descending, then document id descending.
    """
    values = [_contribution(one, method, norm, k) for one in runs]
    pair_P = np.concatenate([one.pair_P for one in runs])
    order_P = np.argsort(pair_P, kind="stable")  # a merge: each run is in order already
    pair_P, value_P = pair_P[order_P], np.concatenate(values)[order_P]
    starts_F = np.flatnonzero(np.append(True, pair_P[1:] != pair_P[:-1]))
    fused_F = np.add.reduceat(value_P, starts_F)
    if method in ("combmnz", "isr"):
        fused_F *= np.diff(np.append(starts_F, len(pair_P)))
    query_F, document_F = np.divmod(pair_P[starts_F], len(runs[0].names.documents))
    return Entries(runs[0].names, query_F, document_F, fused_F)


def _contribution(run: Entries, method: str, norm: str, k: int) -> np.ndarray:
    if method == "rrf":
        return 1.0 / (k + ranks(run))
    if method == "isr":
        return 1.0 / ranks(run).astype(np.float64) ** 2
    if method in ("combsum", "combmnz"):
        return normalised(run, norm)
    raise BadInput(f"there is no fusion {method!r}", field="method")


def ranks(run: Entries) -> np.ndarray:
    """The rank of each entry within its query, from 1: (P,) int64."""
    row_P, column_P = run.places()
    scores_QD = np.full((len(run.names.queries), int(run.lengths().max(initial=0))), -np.inf, dtype=np.float32)
    scores_QD[row_P, column_P] = run.value_P
    order_QD = descending(scores_QD)
    rank_QD = np.empty(order_QD.shape, dtype=np.int64)
    np.put_along_axis(rank_QD, order_QD, np.arange(1, order_QD.shape[1] + 1)[None], axis=1)
    return rank_QD[row_P, column_P]


def normalised(run: Entries, norm: str) -> np.ndarray:
    """Scores made comparable within each query: to 0..1, to mean 0 and deviation 1, or as they are; (P,) float64.

    Where all scores of a query are equal they say nothing and become 0.
    """
    value_P = run.value_P.astype(np.float64)
    if norm == "none":
        return value_P
    starts_R = np.flatnonzero(np.append(True, run.query_P[1:] != run.query_P[:-1]))
    counts_R = np.diff(np.append(starts_R, len(value_P)))
    if norm == "minmax":
        low_R = np.minimum.reduceat(value_P, starts_R)
        shift_R, scale_R = low_R, np.maximum.reduceat(value_P, starts_R) - low_R
    elif norm == "zscore":
        shift_R = np.add.reduceat(value_P, starts_R) / counts_R
        squares_P = (value_P - np.repeat(shift_R, counts_R)) ** 2
        scale_R = np.sqrt(np.add.reduceat(squares_P, starts_R) / counts_R)
    else:
        raise BadInput(f"there is no normalisation {norm!r}", field="norm")
    scale_R = np.where(scale_R > 0, scale_R, np.inf)
    return (value_P - np.repeat(shift_R, counts_R)) / np.repeat(scale_R, counts_R)
