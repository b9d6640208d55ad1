"""Guards: selection by the baseline, runs that are not alike, training data that was evaluated on."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.claims.alike import unlike
from ml_core.claims.guards import Basis, comparable, overlap, selected_baseline, selection_text


@pytest.mark.parametrize(
    ("ranks", "selection"),
    [([2, 3, 9], "failures"), ([1, 1], "successes"), ([1, 2], ""), ([7], "failures"), ([], "")],
)
def test_queries_that_the_baseline_chose_are_recognised(ranks: list[int], selection: str) -> None:
    assert selected_baseline(np.array(ranks, dtype=int)) == selection


def test_a_selected_slice_says_that_nothing_is_shown_without_a_control() -> None:
    assert "Nothing is shown without a control" in selection_text("failures", control=False)
    assert "can only repair" in selection_text("failures", control=True)
    assert "can only break" in selection_text("successes", control=True)
    assert selection_text("", control=False) == ""


def test_runs_on_the_same_data_and_queries_may_be_compared() -> None:
    one = Basis("1", "abc", {"t2i": "q", "i2t": "p"})
    assert comparable(one, Basis("2", "abc", {"t2i": "q"})) == ""


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Basis("2", "xyz", {"t2i": "q"}), "different data sets"),
        (Basis("2", "", {"t2i": "q"}), "Run 2 does not say which data set"),
        (Basis("2", "abc", {"t2i": "r"}), "different queries"),
        (Basis("2", "abc", {"classify": "q"}), "no direction in common"),
    ],
)
def test_runs_that_are_not_alike_are_refused_with_the_reason(other: Basis, said: str) -> None:
    one = Basis("1", "abc", {"t2i": "q"})
    assert said in comparable(one, other)
    assert said in comparable(other, one)


def test_training_data_that_is_evaluated_on_is_refused_by_id_and_by_content() -> None:
    by_id = overlap(["a", "b", "c"], ["c", "d"])
    assert by_id.ids == ("c",)
    assert "1 pictures have the same id (c)" in by_id.reason
    by_content = overlap(["a"], ["b"], train_hashes=["h1", "h2"], evaluation_hashes=["h2"])
    assert by_content.hashes == ("h2",)
    assert "same content (h2)" in by_content.reason
    assert overlap(["a"], ["b"], train_hashes=["h"], evaluation_hashes=["g"]).reason == ""
    assert overlap(map(str, range(9)), map(str, range(9))).as_dict()["ids"] == 9  # type: ignore[arg-type]


def test_queries_that_nobody_knows_are_left_to_whoever_sees_the_cases() -> None:
    one = Basis("1", "abc", {"t2i": ""})
    assert comparable(one, Basis("2", "abc", {"t2i": "q"})) == ""
    found = unlike(Basis("1", "abc", {"t2i": "p"}), Basis("2", "abc", {"t2i": "q"}))
    assert found is not None and (found.kind, found.direction) == ("queries", "t2i")
