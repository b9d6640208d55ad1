"""Measures of graded lists: by hand on small lists, and arrays and dictionaries agree, ties and all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.metrics.graded import MEASURES, evaluate, from_arrays, from_dicts, parse_measure

EVERY = ("ndcg", "ndcg@3", "map", "map@2", "mrr", "mrr@2", "recall", "recall@2", "precision@3", "success@1", "rprec")
EVERY += ("bpref", "judged@3")


def test_one_list_by_hand() -> None:
    graded = from_arrays(
        np.array([[0.9, 0.8, 0.7, 0.6]]), np.array([[0, 2, -1, 1]]), judged_QJ=np.array([[0, 2, 1, 3]])
    )
    found = {name: float(values[0]) for name, values in evaluate(graded, EVERY).items()}
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    assert found == pytest.approx(
        {
            "ndcg": (2 / math.log2(3) + 1 / math.log2(5)) / ideal,
            "ndcg@3": 2 / math.log2(3) / ideal,
            "map": (1 / 2 + 2 / 4) / 3,
            "map@2": (1 / 2) / 3,
            "mrr": 1 / 2,
            "mrr@2": 1 / 2,
            "recall": 2 / 3,
            "recall@2": 1 / 3,
            "precision@3": 1 / 3,
            "success@1": 0.0,
            "rprec": 1 / 3,
            "bpref": 0.0,  # one wrong document was judged, and it stands above both right ones
            "judged@3": 2 / 3,
        }
    )


def test_equal_scores_in_single_precision_stand_by_document_id_descending() -> None:
    qrels = {"q": {"a": 1, "b": 0}}
    for scores in ({"a": 1.0, "b": 1.0}, {"a": 1.0 + 1e-12, "b": 1.0}):
        _, graded = from_dicts(qrels, {"q": scores})
        assert graded.grades_QD.tolist() == [[0, 1]]


def test_nothing_relevant_or_nothing_retrieved_scores_zero() -> None:
    graded = from_arrays(np.array([[1.0, 2.0], [-np.inf, -np.inf]]), np.array([[0, 0], [1, 0]]))
    for name, values in evaluate(graded, EVERY).items():
        if not name.startswith("judged"):
            assert values.tolist() == [0, 0], name


def test_names_of_measures_are_read_as_trec_eval_writes_them_too() -> None:
    assert parse_measure("ndcg_cut_10") == parse_measure("nDCG@10") == ("ndcg", 10)
    assert parse_measure("recip_rank") == ("mrr", 0) and parse_measure("P_5") == ("precision", 5)
    for wrong in ("accuracy", "precision", "rprec@5", "ndcg@0", "ndcg@", "ndcg@x", ""):
        with pytest.raises(ValueError):
            parse_measure(wrong)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        from_arrays(np.array([[1.0, np.nan]]), np.array([[1, 0]]))
    with pytest.raises(ValueError, match="not a number"):
        from_dicts({"q": {"a": 1}}, {"q": {"a": float("nan")}})


lists = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-2, 2), min_size=1, max_size=8)
grades = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(-1, 3), min_size=1, max_size=10)


@given(st.lists(st.tuples(lists, grades), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_dictionaries_arrays_and_a_plain_sort_agree(queries: list[tuple[dict[str, int], dict[str, int]]]) -> None:
    run = {f"q{n}": {name: value / 2 for name, value in scores.items()} for n, (scores, _) in enumerate(queries)}
    qrels = {f"q{n}": judged for n, (_, judged) in enumerate(queries)}
    names, found = from_dicts(qrels, run)
    for place, query in enumerate(names):
        ranked = sorted(run[query], key=lambda name: (run[query][name], name), reverse=True)
        expected = [qrels[query].get(name, -1) for name in ranked]
        assert np.maximum(found.grades_QD[place, : len(ranked)], -1).tolist() == expected
    columns = "abcdefgh"
    scores_QD = np.array([[run[query].get(name, -np.inf) for name in columns] for query in names])
    grades_QD = np.array([[qrels[query].get(name, -1) for name in columns] for query in names])
    judged_QJ = np.array([[qrels[query].get(name, -1) for name in "abcdefghij"] for query in names])
    other = from_arrays(scores_QD, grades_QD, judged_QJ=judged_QJ)
    for name in EVERY:
        assert np.allclose(evaluate(found, (name,))[name], evaluate(other, (name,))[name]), name
    assert set(MEASURES) == {parse_measure(name)[0] for name in EVERY}
