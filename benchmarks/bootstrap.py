"""The 95 % interval of a hit@K by bootstrap, against a loop that resamples and scipy."""

from __future__ import annotations

import numpy as np
from scipy.stats import bootstrap

from benchmarks.harness import Row, interleaved
from ml_core.metrics.uncertainty import by_unit, proportion


def measure(quick: bool) -> list[Row]:
    queries, resamples = (2_500, 200) if quick else (25_000, 1_000)
    rng = np.random.default_rng(0)
    hits_Q = (rng.random(queries) < 0.304).astype(np.int64)
    hits_U, counts_U = by_unit(hits_Q, np.arange(queries))

    def loop() -> tuple[float, float]:
        draws = np.random.default_rng(1)
        means = [hits_Q[draws.integers(0, queries, queries)].mean() for _ in range(resamples)]
        return tuple(np.quantile(means, (0.025, 0.975)))  # type: ignore[return-value]

    def library() -> tuple[float, float]:
        found = bootstrap((hits_Q,), np.mean, n_resamples=resamples, method="percentile", batch=100, rng=1)
        return found.confidence_interval.low, found.confidence_interval.high

    def ours() -> tuple[float, float]:
        return proportion(hits_U, counts_U, resamples=resamples)[1:3]

    spread = np.ptp(loop())
    for other in (loop(), library()):
        assert np.abs(np.subtract(ours(), other)).max() < 0.15 * spread, (ours(), other)
    took = interleaved({"ours": ours, "loop": loop, "scipy": library}, rounds=7)
    work = f"interval of hit@K, {queries:,} queries, {resamples:,} resamples"
    return [
        Row(work, "naive", "a resampling loop", took["ours"], took["loop"], 200),
        Row(work, "peer", "scipy.stats.bootstrap", took["ours"], took["scipy"]),
    ]
