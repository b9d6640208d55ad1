"""Measures of ranked lists with graded judgements, as trec_eval defines them: nDCG, MAP, MRR, recall and kin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import numpy as np

UNJUDGED = -1  # any negative grade
_CELLS = 100_000  # scores that are ranked at a time: what stays in a core's cache


@dataclass(frozen=True)
class Graded:
    """Q ranked lists of up to D documents, seen only through their grades.

    `grades_QD`: grade of the document at each rank, negative where it was not judged or the list has ended.
    `retrieved_Q`: the lists' lengths. `judged_QJ`: grades of everything judged for a query, retrieved or not, in
    descending order, padded with UNJUDGED. `level`: the lowest grade that counts as relevant (nDCG takes every grade).
    """

    grades_QD: np.ndarray
    retrieved_Q: np.ndarray
    judged_QJ: np.ndarray
    level: int = 1

    @property
    def hits_QD(self) -> np.ndarray:
        """Where a relevant document stands."""
        return self.grades_QD >= self.level

    @property
    def relevant_Q(self) -> np.ndarray:
        """How many relevant documents there are, retrieved or not."""
        return (self.judged_QJ >= self.level).sum(1)


def from_arrays(
    scores_QD: np.ndarray, grades_QD: np.ndarray, *, judged_QJ: np.ndarray | None = None, level: int = 1, depth: int = 0
) -> Graded:
    """Ranks D documents for each query: score descending in single precision, equal scores by column descending.

    That is trec_eval's order where columns stand in the order of document ids. A score of -inf means not retrieved;
    negative grades mean not judged. `judged_QJ` (any order) adds judged documents beyond the D columns; without it
    `grades_QD` is all there is. `depth` cuts every list. ValueError where a score is NaN.
    """
    scores_QD = np.asarray(scores_QD, dtype=np.float32)
    grades_QD = np.asarray(grades_QD)
    width = scores_QD.shape[1]
    retrieved_Q = np.full(len(scores_QD), width)
    if width and scores_QD.min(initial=np.inf) == -np.inf:
        retrieved_Q = (scores_QD > -np.inf).sum(1)
    cut = min(depth or width, width)
    retrieved_Q = np.minimum(retrieved_Q, cut)
    ranked_QD = np.empty((len(scores_QD), cut), dtype=grades_QD.dtype)
    step = max(1, _CELLS // max(1, width))
    for start in range(0, len(scores_QD), step):
        part = slice(start, start + step)
        ranked_QD[part] = np.take_along_axis(grades_QD[part], descending(scores_QD[part])[:, :cut], axis=1)
    if (retrieved_Q < cut).any():
        ranked_QD[np.arange(cut) >= retrieved_Q[:, None]] = UNJUDGED
    everything_QJ = grades_QD if judged_QJ is None else judged_QJ
    return Graded(ranked_QD, retrieved_Q, np.sort(everything_QJ, axis=1)[:, ::-1], level)


def from_dicts(
    qrels: Mapping[str, Mapping[str, int]], run: Mapping[str, Mapping[str, float]], *, level: int = 1
) -> tuple[list[str], Graded]:
    """The queries that both have, in the order of the run, and their ranked grades (see from_arrays for the order).

    Only judged documents are ranked, by counting the scores that are greater; lists with equal scores are sorted.
    """
    queries = [query for query in run if query in qrels]
    lengths_Q = np.fromiter((len(run[query]) for query in queries), np.int64, len(queries))
    judged_Q = np.fromiter((len(qrels[query]) for query in queries), np.int64, len(queries))
    found: list[float | None] = []

    def lists() -> Iterator[Iterable[float]]:
        for query in queries:  # a list's scores and look-ups in one go, while its dictionary is in the cache
            scores = run[query]
            found.extend(map(scores.get, qrels[query]))
            yield scores.values()

    flat_P = np.fromiter(chain.from_iterable(lists()), np.float32, int(lengths_Q.sum()))
    if flat_P.size and np.isnan(flat_P.max()):
        raise ValueError("a score is not a number")
    scores_QD = _padded(flat_P, lengths_Q, -np.inf)
    score_J = np.array(found, dtype=np.float32)  # None becomes NaN
    grades = chain.from_iterable(qrels[query].values() for query in queries)
    grade_J = np.fromiter(grades, np.int64, int(judged_Q.sum()))
    query_J = np.repeat(np.arange(len(queries)), judged_Q)
    here = ~np.isnan(score_J)
    rank_J, tied_Q = _counted_ranks(scores_QD, query_J[here], score_J[here])
    grades_QD = np.full(scores_QD.shape, UNJUDGED)
    grades_QD[query_J[here], rank_J] = grade_J[here]
    for place in np.flatnonzero(tied_Q):
        grades_QD[place] = _sorted_grades(run[queries[place]], qrels[queries[place]], scores_QD[place])
    judged_QJ = np.sort(_padded(grade_J, judged_Q, UNJUDGED), axis=1)[:, ::-1]
    return queries, Graded(grades_QD, lengths_Q, judged_QJ, level)


def evaluate(graded: Graded, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Each named measure's value for every query: (Q,) float64. ValueError for a name that is none."""
    return {name: MEASURES[base](graded, k) for name in names for base, k in [parse_measure(name)]}


def parse_measure(name: str) -> tuple[str, int]:
    """`ndcg@10` → ("ndcg", 10), `map` → ("map", 0: uncut); trec_eval's own names (`ndcg_cut_10`, `P_10`) do as well."""
    match = _NAME.fullmatch(name.strip())
    base = _ALIASES.get(match["base"].lower(), match["base"].lower()) if match else ""
    if base not in MEASURES:
        raise ValueError(
            f"there is no measure {name!r}; there are: {', '.join(MEASURES)}, with @k where a depth makes sense"
        )
    k = int(match["k"] or 0)  # type: ignore[index]
    if k < 0 or (k == 0) != (match["k"] is None) or (k and base in _NEVER_CUT) or (not k and base in _ALWAYS_CUT):  # type: ignore[index]
        raise ValueError(f"{name!r}: " + (f"{base} takes no depth" if k else f"{base} needs a depth, as in {base}@10"))
    return base, k


def descending(scores_QD: np.ndarray) -> np.ndarray:
    """Columns by score descending, equal ones by column descending: one fast sort of integers that hold both."""
    if scores_QD.size and np.isnan(scores_QD.max()):
        raise ValueError("a score is not a number")
    bits_QD = (scores_QD + np.float32(0)).view(np.int32)  # + 0: minus zero equals zero
    bits_QD ^= (bits_QD >> 31) & 0x7FFFFFFF  # as integers they now compare as the scores do
    keys_QD = bits_QD.astype(np.int64)
    keys_QD <<= 32
    keys_QD |= np.arange(scores_QD.shape[1])
    keys_QD.sort(axis=1)
    keys_QD &= 0xFFFFFFFF
    return keys_QD[:, ::-1]


def _ndcg(graded: Graded, k: int) -> np.ndarray:
    ideal_Q = _dcg(graded.judged_QJ, k)
    return _ratio(_dcg(graded.grades_QD, k), ideal_Q)


def _dcg(grades_QD: np.ndarray, k: int) -> np.ndarray:
    """Σ grade / log2(rank + 1), as trec_eval (Järvelin and Kekäläinen 2002 with its later discount)."""
    cut_QD = np.maximum(grades_QD[:, : k or None], 0)
    return cut_QD @ (1 / np.log2(np.arange(2, cut_QD.shape[1] + 2)))


def _map(graded: Graded, k: int) -> np.ndarray:
    hits_QD = graded.hits_QD[:, : k or None]
    precision_QD = np.cumsum(hits_QD, axis=1) / np.arange(1, hits_QD.shape[1] + 1)
    return _ratio((precision_QD * hits_QD).sum(1), graded.relevant_Q)


def _mrr(graded: Graded, k: int) -> np.ndarray:
    hits_QD = graded.hits_QD[:, : k or None]
    if not hits_QD.shape[1]:
        return np.zeros(len(hits_QD))
    return hits_QD.any(1) / (hits_QD.argmax(1) + 1.0)


def _recall(graded: Graded, k: int) -> np.ndarray:
    return _ratio(graded.hits_QD[:, : k or None].sum(1), graded.relevant_Q)


def _precision(graded: Graded, k: int) -> np.ndarray:
    return np.count_nonzero(graded.hits_QD[:, :k], axis=1) / np.float64(k)


def _success(graded: Graded, k: int) -> np.ndarray:
    return np.any(graded.hits_QD[:, :k], axis=1).astype(np.float64)


def _rprec(graded: Graded, k: int) -> np.ndarray:
    relevant_Q = graded.relevant_Q
    within_QD = np.arange(graded.grades_QD.shape[1]) < relevant_Q[:, None]
    return _ratio((graded.hits_QD & within_QD).sum(1), relevant_Q)


def _bpref(graded: Graded, k: int) -> np.ndarray:
    """Buckley and Voorhees 2004: judged documents alone, by how many irrelevant ones stand above each relevant one."""
    hits_QD, relevant_Q = graded.hits_QD, graded.relevant_Q
    wrong_QD = (graded.grades_QD >= 0) & ~hits_QD
    wrong_Q = ((graded.judged_QJ >= 0) & (graded.judged_QJ < graded.level)).sum(1)
    above_QD = np.minimum(np.cumsum(wrong_QD, axis=1), relevant_Q[:, None])
    penalty_QD = above_QD / np.maximum(np.minimum(wrong_Q, relevant_Q), 1)[:, None]
    return _ratio(((1 - penalty_QD) * hits_QD).sum(1), relevant_Q)


def _judged(graded: Graded, k: int) -> np.ndarray:
    """The share of the first k documents that anybody judged."""
    return _ratio((graded.grades_QD[:, :k] >= 0).sum(1), np.minimum(graded.retrieved_Q, k))


MEASURES: dict[str, Callable[[Graded, int], np.ndarray]] = {
    "ndcg": _ndcg,
    "map": _map,
    "mrr": _mrr,
    "recall": _recall,
    "precision": _precision,
    "success": _success,
    "rprec": _rprec,
    "bpref": _bpref,
    "judged": _judged,
}
_NEVER_CUT = {"rprec", "bpref"}
_ALWAYS_CUT = {"precision", "success", "judged"}
_ALIASES = {"recip_rank": "mrr", "rr": "mrr", "p": "precision", "ap": "map", "ndcg_cut": "ndcg", "map_cut": "map"}
_NAME = re.compile(r"(?P<base>[A-Za-z_]+?)(?:[@_](?P<k>\d+))?")


def _ratio(part_Q: np.ndarray, whole_Q: np.ndarray) -> np.ndarray:
    """part / whole, 0 where the whole is 0."""
    found_Q = np.zeros(len(part_Q))
    np.divide(part_Q, whole_Q, out=found_Q, where=whole_Q > 0)
    return found_Q


def _padded(flat_P: np.ndarray, lengths_Q: np.ndarray, filler: float) -> np.ndarray:
    """Stretches of a flat array as rows of a matrix, filled up at their ends."""
    width = int(lengths_Q.max(initial=0))
    if (lengths_Q == width).all():
        return flat_P.reshape(len(lengths_Q), width)
    rows_QD = np.full((len(lengths_Q), width), filler, dtype=flat_P.dtype)
    rows_QD[np.arange(width) < lengths_Q[:, None]] = flat_P
    return rows_QD


def _counted_ranks(scores_QD: np.ndarray, query_J: np.ndarray, score_J: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many scores of its query are greater (J,), and which queries have a judged document with an equal (Q,)."""
    rank_J = np.empty(len(query_J), dtype=np.int64)
    tied_Q = np.zeros(len(scores_QD), dtype=bool)
    step = max(1, _CELLS // max(1, scores_QD.shape[1]))
    for start in range(0, len(query_J), step):
        part = slice(start, start + step)
        rows_JD, own_J1 = scores_QD[query_J[part]], score_J[part, None]
        rank_J[part] = (rows_JD > own_J1).sum(1)
        tied_Q[query_J[part][(rows_JD == own_J1).sum(1) > 1]] = True
    return rank_J, tied_Q


def _sorted_grades(scores: Mapping[str, float], grades: Mapping[str, int], row_D: np.ndarray) -> np.ndarray:
    """The grades of one list, sorted in full: score in single precision descending, then document id descending."""
    rows = sorted(zip(row_D.tolist(), scores, strict=False), reverse=True)
    found_D = np.full(len(row_D), UNJUDGED)
    found_D[: len(rows)] = [grades.get(name, UNJUDGED) for _, name in rows]
    return found_D
