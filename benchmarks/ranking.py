"""nDCG@10 and kin of 10,000 queries × 100 documents, against pytrec_eval, from arrays and from dictionaries."""

from __future__ import annotations

import numpy as np
import pytrec_eval

from benchmarks.harness import Row, interleaved
from ml_core.metrics.graded import evaluate, from_arrays, from_dicts

MEASURES = ("ndcg@10",)


def measure(quick: bool) -> list[Row]:
    queries, documents = (500, 100) if quick else (10_000, 100)
    rng = np.random.default_rng(0)
    scores_QD = rng.standard_normal((queries, documents)).astype(np.float32)
    grades_QD = np.where(rng.random((queries, documents)) < 0.1, rng.integers(1, 4, (queries, documents)), 0)
    names = [f"d{number:04d}" for number in range(documents)]
    run = {f"q{q}": dict(zip(names, scores_QD[q].tolist(), strict=True)) for q in range(queries)}
    qrels = {f"q{q}": {names[d]: int(grades_QD[q, d]) for d in np.flatnonzero(grades_QD[q])} for q in range(queries)}
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"})

    def theirs() -> dict[str, dict[str, float]]:
        return evaluator.evaluate(run)

    def arrays() -> np.ndarray:
        return evaluate(from_arrays(scores_QD, grades_QD), MEASURES)["ndcg@10"]

    def dictionaries() -> np.ndarray:
        return evaluate(from_dicts(qrels, run)[1], MEASURES)["ndcg@10"]

    found = theirs()
    expected_Q = np.array([found[query]["ndcg_cut_10"] for query in run if query in found])
    judged_Q = grades_QD.any(1)
    assert np.allclose(arrays()[judged_Q], expected_Q[judged_Q[: len(expected_Q)]], atol=1e-12)
    assert np.allclose(dictionaries(), expected_Q, atol=1e-12)
    took = interleaved({"arrays": arrays, "dicts": dictionaries, "theirs": theirs}, rounds=7)
    size = f"{queries:,} × {documents}"
    return [
        Row(f"nDCG@10 from arrays, {size}", "peer", "pytrec_eval", took["arrays"], took["theirs"], 15),
        Row(f"nDCG@10 from dictionaries, {size}", "peer", "pytrec_eval", took["dicts"], took["theirs"], 2.5),
    ]
