"""Ranks by counting in blocks equal a full sort under the one total order, whatever the block and the ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.retrieval.blocks import Ranking, rank_both
from ml_core.retrieval.pairs import Pairs, unit_rows


def sorted_in_full(pairs: Pairs) -> tuple[list[list[int]], list[list[int]]]:
    """All pictures of each caption and all captions of each picture, by score descending, then id."""
    scores_MN = (pairs.texts_ME[:, None].astype(np.float64) * pairs.images_NE[None]).sum(-1)
    texts = [np.lexsort((pairs.image_order_N, -row)).tolist() for row in scores_MN]
    pictures = [np.lexsort((pairs.text_order_M, -column)).tolist() for column in scores_MN.T]
    return texts, pictures


@st.composite
def small_pairs(draw: st.DrawFn) -> Pairs:
    """Few directions, so that equal scores abound; captions in any order; pictures without captions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    images, texts, dim = draw(st.integers(1, 25)), draw(st.integers(1, 60)), draw(st.integers(1, 5))
    images_NE, texts_ME = rng.integers(-2, 3, (images, dim)), rng.integers(-2, 3, (texts, dim))
    images_NE[~images_NE.any(1), 0] = texts_ME[~texts_ME.any(1), 0] = 1
    items_M = rng.integers(0, images, texts)
    return Pairs(unit_rows(images_NE), unit_rows(texts_ME), items_M, rng.permutation(images), rng.permutation(texts))


@st.composite
def hard_pairs(draw: st.DrawFn) -> Pairs:
    """Near ties within and around the rounding of float32, equal vectors, extreme lengths, down to one picture."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    images, texts, dim = draw(st.integers(1, 30)), draw(st.integers(1, 60)), draw(st.sampled_from([1, 3, 64, 257]))
    distance = draw(st.sampled_from([0.0, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3, 1.0]))
    length = draw(st.sampled_from([1e-30, 1.0, 1e30]))
    images_NE = rng.standard_normal(dim) + distance * rng.standard_normal((images, dim))
    items_M = rng.integers(0, images, texts)
    texts_ME = images_NE[items_M] + distance * rng.standard_normal((texts, dim))
    images_NE, texts_ME = unit_rows(length * images_NE), unit_rows(length * texts_ME)
    return Pairs(images_NE, texts_ME, items_M, rng.permutation(images), rng.permutation(texts))


@given(small_pairs() | hard_pairs(), st.integers(1, 20), st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_blocks_and_a_full_sort_agree_on_ranks_and_first_answers(pairs: Pairs, block: int, keep: int) -> None:
    texts, pictures = rank_both(pairs, keep, block)
    by_text, by_picture = sorted_in_full(pairs)
    for query, order in enumerate(by_text):
        assert texts.rank_Q[query] == order.index(pairs.items_M[query]) + 1
        assert texts.given_QK[query].tolist() == order[:keep]
    for place, image in enumerate(pictures.query_Q):
        order = by_picture[image]
        own = [text for text in order if pairs.items_M[text] == image]
        assert pictures.right_Q[place] == own[0]
        assert pictures.rank_Q[place] == order.index(own[0]) + 1
        assert pictures.given_QK[place].tolist() == order[:keep]
    assert pictures.query_Q.tolist() == sorted(set(pairs.items_M.tolist()))


def random_pairs(images: int = 120, dim: int = 48) -> Pairs:
    rng = np.random.default_rng(7)
    items_M = np.repeat(np.arange(images), 5)
    images_NE = rng.standard_normal((images, dim), dtype=np.float32)
    texts_ME = images_NE[items_M] * 0.3 + rng.standard_normal((len(items_M), dim), dtype=np.float32)
    return Pairs(unit_rows(images_NE), unit_rows(texts_ME), items_M, np.arange(images), np.arange(len(items_M)))


def test_ranks_and_answers_do_not_depend_on_the_block() -> None:
    pairs = random_pairs()
    whole = rank_both(pairs, 10, 600)
    for block in (1, 7, 255, 256):
        for one, other in zip(rank_both(pairs, 10, block), whole, strict=True):
            assert np.array_equal(one.rank_Q, other.rank_Q)
            assert np.array_equal(one.given_QK, other.given_QK)
            assert np.array_equal(one.score_Q, other.score_Q)


def test_a_rank_counts_greater_scores_only_and_never_the_answer_itself() -> None:
    images_NE = np.eye(3, dtype=np.float32)
    pairs = Pairs(images_NE, images_NE[[0, 1, 2]], np.arange(3), np.arange(3), np.arange(3))
    texts, pictures = rank_both(pairs)
    assert texts.rank_Q.tolist() == pictures.rank_Q.tolist() == [1, 1, 1]


def test_equal_pictures_share_a_score_and_stand_by_id() -> None:
    images_NE = unit_rows(np.repeat(np.random.default_rng(0).standard_normal((1, 33)), 4, axis=0))
    texts_ME = unit_rows(np.random.default_rng(1).standard_normal((4, 33)))
    order_N = np.array([2, 0, 3, 1])
    texts, _ = rank_both(Pairs(images_NE, texts_ME, np.arange(4), order_N, np.arange(4)), keep=4)
    assert texts.rank_Q.tolist() == (order_N + 1).tolist()
    assert texts.given_QK.tolist() == [[1, 3, 0, 2]] * 4


def test_a_right_answer_has_one_score_wherever_it_stands() -> None:
    for ranked in rank_both(random_pairs(), 600):
        place_Q, where_Q = np.nonzero(ranked.given_QK == ranked.right_Q[:, None])
        assert np.array_equal(ranked.scores_QK[place_Q, where_Q], ranked.score_Q[place_Q])
        assert np.array_equal(where_Q + 1, ranked.rank_Q[place_Q])
        assert (np.diff(ranked.scores_QK, axis=1) <= 1e-6).all()


def test_progress_reaches_the_last_caption() -> None:
    pairs = random_pairs(20)
    assert list(Ranking(pairs, block=30).blocks()) == [(30, 100), (60, 100), (90, 100), (100, 100)]


def test_a_vector_of_zeros_has_no_direction() -> None:
    with pytest.raises(ValueError, match="row 1 is all zeros"):
        unit_rows(np.array([[1.0, 0.0], [0.0, 0.0]]))
    kept = unit_rows(np.eye(2, dtype=np.float32))
    assert unit_rows(kept) is kept
