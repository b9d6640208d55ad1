"""From one direction's ranks to metrics with intervals, cases and the tables behind its plots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from ml_core.datasets.cases import SCHEMA
from ml_core.events import Event, Log, Metric
from ml_core.metrics.buckets import RANKS, rank_names
from ml_core.metrics.ranking import average_precision_at_r, hits_at, rank_bucket, reciprocal_ranks
from ml_core.metrics.uncertainty import Estimate, How, by_unit, means, median, proportion
from ml_core.retrieval.blocks import Ranked

CURVE = 50  # the recall curve is drawn to this k
BINS = 40  # of the histogram of margins


@dataclass(frozen=True)
class Direction:
    """One direction's outcome with what its numbers need: the unit of each query, right answers, candidates, margin."""

    name: str  # t2i or i2t
    ranked: Ranked
    unit_Q: np.ndarray  # the picture of each query, resampled whole
    right_QK: np.ndarray  # which of the first K answers are right; K reaches every R + 1
    relevant_Q: np.ndarray  # R, the number of right answers
    candidates: int

    @property
    def margin_Q(self) -> np.ndarray:
        """Score of the best right answer minus that of the best wrong one, (Q,) float32."""
        first_wrong_Q = np.argmin(self.right_QK, axis=1)
        wrong_Q = np.take_along_axis(self.ranked.scores_QK, first_wrong_Q[:, None], axis=1)[:, 0]
        return self.ranked.score_Q - wrong_Q


def metrics(
    way: Direction, chosen_Q: np.ndarray, tail: str, ks: tuple[int, ...], resamples: int, seed: int
) -> Iterator[Event]:
    """Every metric of one direction over the chosen queries; `tail` is `/slice` or nothing."""
    yield from recalls(way, chosen_Q, tail, ks, resamples, seed)
    rank_Q, unit_Q = way.ranked.rank_Q[chosen_Q], way.unit_Q[chosen_Q]
    queries, how = len(rank_Q), How(resamples=resamples, seed=seed)
    precision_Q = average_precision_at_r(way.right_QK[chosen_Q], way.relevant_Q[chosen_Q])
    sums = [by_unit(values_Q, unit_Q) for values_Q in (reciprocal_ranks(rank_Q), precision_Q, rank_Q)]
    estimates = means(np.column_stack([part for part, _ in sums]), sums[0][1], fractions=(True, True, False), **how)
    for name, estimate in zip(("mrr", "map", "mean_rank"), estimates, strict=True):
        yield _metric(way, name, tail, estimate)
    yield _metric(way, "median_rank", tail, median(rank_Q, unit_Q, **how))
    missed = proportion(*by_unit(1 - hits_at(rank_Q, 1), unit_Q), **how)
    failures = missed.times(queries)
    yield _metric(way, "failures", tail, failures._replace(value=round(failures.value)))
    yield _metric(way, "queries", tail, Estimate(queries, queries, queries, missed.n))


def recalls(
    way: Direction, chosen_Q: np.ndarray, tail: str, ks: tuple[int, ...], resamples: int, seed: int
) -> Iterator[Event]:
    """Recall at every depth of one direction over the chosen queries; a depth beyond the candidates is left out."""
    rank_Q, unit_Q = way.ranked.rank_Q[chosen_Q], way.unit_Q[chosen_Q]
    for k in ks:
        if k > way.candidates:
            yield Log(f"{way.name}: recall@{k} is left out, there are only {way.candidates:,} candidates", "warning")
        else:
            share = proportion(*by_unit(hits_at(rank_Q, k), unit_Q), resamples=resamples, seed=seed)
            yield _metric(way, f"recall@{k}", tail, share)


def case_table(way: Direction, keep: int, numbers_Q: np.ndarray) -> pa.Table:
    """The outcomes as a table of the cases' SCHEMA, numbered as said."""
    ranked, queries = way.ranked, len(way.ranked.query_Q)
    prompt, answer = ("text", "picture") if way.name == "t2i" else ("picture", "text")
    keep = min(keep, ranked.given_QK.shape[1])
    offsets = pa.array(np.arange(queries + 1) * keep, pa.int32())

    def lists(values_QK: np.ndarray) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, pa.array(values_QK[:, :keep].ravel()))

    columns = {
        "number": numbers_Q.astype(np.int32),
        "direction": pa.array([way.name]).take(pa.array(np.zeros(queries, np.int32))),
        "unit": way.unit_Q.astype(np.int32),
        "prompt_kind": pa.array([prompt]).take(pa.array(np.zeros(queries, np.int32))),
        "prompt": ranked.query_Q,
        "answer_kind": pa.array([answer]).take(pa.array(np.zeros(queries, np.int32))),
        "right": ranked.right_Q,
        "right_score": ranked.score_Q,
        "rank": ranked.rank_Q,
        "margin": way.margin_Q,
        "given": lists(ranked.given_QK),
        "scores": lists(ranked.scores_QK),
    }
    return pa.table(columns).cast(SCHEMA)


def recall_curve(ways: list[Direction], resamples: int, seed: int) -> dict[str, list[Any]]:
    """Recall at every k up to CURVE with its interval: direction, k, recall, low, high, n."""
    rows = []
    for way in ways:
        for k in range(1, min(CURVE, way.candidates) + 1):
            hits = by_unit(hits_at(way.ranked.rank_Q, k), way.unit_Q)
            rows.append((way.name, k, *proportion(*hits, resamples=resamples, seed=seed)))
    return _columns(("direction", "k", "recall", "low", "high", "n"), rows)


def rank_histogram(ways: list[Direction], resamples: int, seed: int) -> dict[str, list[Any]]:
    """How many queries have their right answer in each rank bucket: count and share with its interval."""
    rows = []
    for way in ways:
        bucket_Q = rank_bucket(way.ranked.rank_Q)
        for number, (name, (first, last)) in enumerate(zip(rank_names(), RANKS, strict=True)):
            inside_Q = (bucket_Q == number).astype(np.int64)
            share = proportion(*by_unit(inside_Q, way.unit_Q), resamples=resamples, seed=seed)
            rows.append((way.name, name, first, last, int(inside_Q.sum()), *share))
    return _columns(("direction", "bucket", "first", "last", "count", "share", "low", "high", "n"), rows)


def margin_histogram(ways: list[Direction]) -> dict[str, list[Any]]:
    """Queries by margin in bins of equal width, hits and failures apart."""
    rows = []
    for way in ways:
        margin_Q, hit_Q = way.margin_Q, way.ranked.rank_Q == 1
        edges = np.linspace(margin_Q.min(), max(margin_Q.max(), margin_Q.min() + 1e-6), BINS + 1)
        hits, failures = (np.histogram(margin_Q[which], edges)[0] for which in (hit_Q, ~hit_Q))
        rows += [(way.name, float(edges[i]), float(edges[i + 1]), int(hits[i]), int(failures[i])) for i in range(BINS)]
    return _columns(("direction", "from", "to", "hits", "failures"), rows)


def _metric(way: Direction, name: str, tail: str, estimate: Estimate) -> Metric:
    return Metric(f"{way.name}/{name}{tail}", estimate.value, estimate.low, estimate.high, estimate.n)


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}
