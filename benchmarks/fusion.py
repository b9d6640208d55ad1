"""Reciprocal rank fusion of four runs, against ranx and against plain Python."""

from __future__ import annotations

import numpy as np
import ranx

from benchmarks.harness import Row, interleaved
from ml_core.ranking.fuse import fuse
from ml_core.ranking.trec import Entries, Names

RUNS, K = 4, 60


def measure(quick: bool) -> list[Row]:
    queries, documents, pool = (300, 100, 5_000) if quick else (10_000, 100, 50_000)
    names = Names([f"q{n:05d}" for n in range(queries)], [f"d{n:05d}" for n in range(pool)])
    runs = [_run(names, documents, seed) for seed in range(RUNS)]
    dicts = [_as_dict(run) for run in runs]
    theirs = [ranx.Run(one) for one in dicts]

    def ours() -> Entries:
        return fuse(runs, method="rrf", k=K)

    def peer() -> ranx.Run:
        return ranx.fuse(runs=theirs, method="rrf", params={"k": K})

    def plain() -> dict[str, dict[str, float]]:
        return _plain(dicts)

    fused, expected, library = _as_dict(ours()), plain(), peer().to_dict()
    for query in names.queries[:50]:
        assert fused[query].keys() == expected[query].keys() == library[query].keys()
        for name, value in fused[query].items():
            assert abs(value - expected[query][name]) < 1e-12
            assert abs(value - library[query][name]) < 1e-12
    fast = interleaved({"ours": ours, "plain": plain}, rounds=5)
    slow = interleaved({"ours": ours, "ranx": peer}, rounds=3)
    work = f"RRF of {RUNS} runs, {queries:,} × {documents}"
    return [
        Row(work, "peer", "ranx", slow["ours"], slow["ranx"], 12),
        Row(work, "naive", "plain Python", fast["ours"], fast["plain"], 4),
    ]


def _run(names: Names, documents: int, seed: int) -> Entries:
    rng = np.random.default_rng(seed)
    queries = len(names.queries)
    near = 2 * documents  # all runs draw a query's documents from one neighbourhood, so that they overlap by half
    chosen_QD = np.sort(np.stack([rng.choice(near, documents, replace=False) for _ in range(queries)]), axis=1)
    chosen_QD += (np.arange(queries)[:, None] * 17) % (len(names.documents) - near)
    scores_P = rng.permutation(queries * documents) / (queries * documents)
    return Entries(names, np.repeat(np.arange(queries), documents), chosen_QD.ravel(), scores_P)


def _as_dict(run: Entries) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {query: {} for query in run.names.queries}
    for q, d, value in zip(run.query_P.tolist(), run.document_P.tolist(), run.value_P.tolist(), strict=True):
        found[run.names.queries[q]][run.names.documents[d]] = value
    return found


def _plain(runs: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    fused: dict[str, dict[str, float]] = {}
    for run in runs:
        for query, scores in run.items():
            total = fused.setdefault(query, {})
            for rank, name in enumerate(sorted(scores, key=scores.__getitem__, reverse=True), 1):
                total[name] = total.get(name, 0.0) + 1.0 / (K + rank)
    return fused
