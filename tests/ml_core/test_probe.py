"""One text against all pictures: as an evaluation ranks it, ties included; what does not fit is refused."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_core.metrics.ranking import id_order
from ml_core.retrieval.blocks import rank_both
from ml_core.retrieval.pairs import Pairs, unit_rows
from ml_core.retrieval.probe import answer
from ml_core.retrieval.warm import Shelf, serve


@given(st.integers(2, 40), st.integers(1, 6), st.integers(0, 2**31), st.integers(1, 3))
def test_a_text_asked_alone_is_ranked_as_it_is_among_all(pictures: int, width: int, seed: int, coarse: int) -> None:
    draw = np.random.default_rng(seed)
    images_NE = unit_rows(draw.integers(-coarse, coarse + 1, (pictures, width)).astype(np.float32) + 0.25)
    texts_ME = unit_rows(draw.integers(-coarse, coarse + 1, (pictures, width)).astype(np.float32) + 0.25)
    order_N = draw.permutation(pictures)
    everything, _ = rank_both(Pairs(images_NE, texts_ME, np.arange(pictures), order_N, np.arange(pictures)), keep=10)
    for number in range(0, pictures, 7):
        alone = answer(images_NE, order_N, texts_ME[number], number)
        assert alone.rank == everything.rank_Q[number]
        assert alone.given == everything.given_QK[number].tolist()
        np.testing.assert_allclose(alone.scores, everything.scores_QK[number], atol=1e-6)


def test_equal_scores_stand_in_the_order_of_ids() -> None:
    images_NE = np.tile(np.array([[1, 0]], dtype=np.float32), (3, 1))
    found = answer(images_NE, id_order(["10", "9", "8"]), np.array([1, 0]), right=0)
    assert (found.rank, found.given, found.scores) == (3, [2, 1, 0], [1.0, 1.0, 1.0])


@pytest.mark.parametrize(("width", "right"), [(3, 0), (2, 5), (2, -1)])
def test_what_does_not_fit_is_refused(width: int, right: int) -> None:
    with pytest.raises(ValueError, match=r"fit|no picture"):
        answer(np.eye(2, dtype=np.float32), np.arange(2), np.ones(width), right)


def test_a_shelf_keeps_what_was_used_last_within_its_bytes_and_always_the_newest() -> None:
    shelf: Shelf[str] = Shelf(most_bytes=10, most=3)
    for name, size in (("a", 4), ("b", 4)):
        shelf.get(name, lambda name=name, size=size: (name, size))
    shelf.get("a", lambda: ("made again", 0))
    shelf.get("c", lambda: ("c", 5))
    assert ["a" in shelf, "b" in shelf, "c" in shelf] == [True, False, True]
    assert shelf.get("big", lambda: ("big", 99)) == "big"
    assert ("big" in shelf, "a" in shelf, shelf.byte_count) == (True, False, 99)


def test_a_question_that_cannot_be_read_is_answered_and_the_next_one_too() -> None:
    out = io.StringIO()
    serve(io.StringIO("nonsense\n{}\n"), out)
    assert [set(json.loads(line)) for line in out.getvalue().splitlines()] == [{"failed"}, {"failed"}]
