"""Pooling of templates: bounds, the no-op, exact ranks of pooled scores in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml_core.metrics.ranking import id_order
from ml_core.retrieval.blocks import Ranking, rank_both
from ml_core.retrieval.improving.pooling import LOGIT_SCALE, Pooled, pool_embeddings, pool_scores, pooled
from ml_core.retrieval.pairs import Pairs, unit_rows

POOLINGS = ("embeddings", "mean", "max", "logsumexp")
cosines = arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.floats(-1, 1))
taus = st.floats(0.01, 100)


def vectors(seed: int, count: int, width: int = 12) -> np.ndarray:
    """Random rows of unit length."""
    return unit_rows(np.random.default_rng(seed).standard_normal((count, width)))


def pairs(seed: int, pictures: int = 30, captions: int = 3) -> Pairs:
    """Pictures whose captions are near them, two pictures the same."""
    images_NE = vectors(seed, pictures)
    images_NE[1] = images_NE[0]
    items_M = np.repeat(np.arange(pictures), captions)
    texts_ME = unit_rows(images_NE[items_M] + 0.4 * vectors(seed + 1, len(items_M)))
    ids = [str(number) for number in range(len(items_M))]
    return Pairs(images_NE, texts_ME, items_M, id_order(ids[:pictures]), id_order(ids))


def around(base: Pairs, count: int) -> list[np.ndarray]:
    """`count` templates of each caption, each a little elsewhere."""
    return [unit_rows(base.texts_ME + 0.3 * vectors(40 + k, len(base.texts_ME))) for k in range(count)]


@given(cosines, taus)
def test_logsumexp_lies_between_mean_and_max(scores_KP: np.ndarray, tau: float) -> None:
    found_P = pool_scores(scores_KP, "logsumexp", tau)
    assert (found_P >= scores_KP.mean(0) - 1e-9).all()
    assert (found_P <= scores_KP.max(0) + 1e-9).all()


@given(cosines, taus)
def test_logsumexp_is_that_of_logits_but_for_a_constant(scores_KP: np.ndarray, tau: float) -> None:
    logits_KP = LOGIT_SCALE * scores_KP
    high_P = logits_KP.max(0)
    said_P = high_P + tau * np.log(np.exp((logits_KP - high_P) / tau).sum(0))
    assert np.allclose(pool_scores(scores_KP, "logsumexp", tau) * LOGIT_SCALE + tau * np.log(len(scores_KP)), said_P)
    assert (said_P >= high_P).all() and (said_P <= high_P + tau * np.log(len(scores_KP)) + 1e-9).all()


@given(cosines, st.sampled_from(POOLINGS[1:]), taus, st.integers(2, 7))
def test_equal_templates_and_one_template_change_nothing(scores_KP: Any, pooling: Any, tau: float, times: int) -> None:
    one_P = scores_KP[0]
    assert np.array_equal(pool_scores(one_P[None], pooling, tau), one_P)
    assert np.allclose(pool_scores(np.repeat(one_P[None], times, 0), pooling, tau), one_P, rtol=0, atol=1e-15)


@given(cosines, st.sampled_from(POOLINGS[1:]), taus)
def test_the_order_of_templates_does_not_matter(scores_KP: np.ndarray, pooling: Any, tau: float) -> None:
    there, back = (pool_scores(rows_KP, pooling, tau) for rows_KP in (scores_KP, scores_KP[::-1]))
    assert np.allclose(there, back, rtol=0, atol=1e-12)


def test_a_soft_pool_goes_from_max_to_mean_as_tau_grows() -> None:
    scores_KP = np.random.default_rng(0).uniform(0.1, 0.4, (5, 200))
    assert np.allclose(pool_scores(scores_KP, "logsumexp", 0.01), scores_KP.max(0), atol=2e-4)
    assert np.allclose(pool_scores(scores_KP, "logsumexp", 1000.0), scores_KP.mean(0), atol=1e-3)
    at = [pool_scores(scores_KP, "logsumexp", tau) for tau in (0.1, 1.0, 10.0)]
    assert (at[0] >= at[1]).all() and (at[1] >= at[2]).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_pooled_embeddings_have_length_one_and_equal_ones_stay(seed: int, count: int) -> None:
    texts_KME = [vectors(seed + k, 9) for k in range(count)]
    assert np.allclose(np.linalg.norm(pool_embeddings(texts_KME), axis=1), 1, atol=1e-6)
    assert np.array_equal(pool_embeddings([texts_KME[0]] * count), texts_KME[0])


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("count", [1, 3])
def test_the_captions_themselves_as_templates_rank_as_the_baseline(pooling: Any, count: int) -> None:
    base = pairs(3)
    ranking = Ranking(pooled(base, [base.texts_ME] * count, pooling, 0.7), keep=10, pictures=False)
    list(ranking.blocks())
    expected, found = rank_both(base, keep=10)[0], ranking.texts()
    for name in ("query_Q", "right_Q", "score_Q", "rank_Q", "given_QK"):
        assert np.array_equal(getattr(found, name), getattr(expected, name)), name
    assert np.abs(found.scores_QK - expected.scores_QK).max() <= (0 if count == 1 else 2 * base.slack)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("tau", [0.05, 1.0, 50.0])
@pytest.mark.parametrize("block", [1, 7, 64])
def test_ranks_of_pooled_scores_are_those_of_a_full_sort(pooling: Any, tau: float, block: int) -> None:
    base = pairs(5)
    texts_KME = around(base, 4)
    ranking = Ranking(pooled(base, texts_KME, pooling, tau), keep=10, block=block, pictures=False)
    list(ranking.blocks())
    found = ranking.texts()
    exact_KMN = np.stack([texts.astype(np.float64) @ base.images_NE.astype(np.float64).T for texts in texts_KME])
    scores_MN = pool_scores(exact_KMN, "mean" if pooling == "embeddings" else pooling, tau)
    scores_MN[:, 1] = scores_MN[:, 0]  # the two equal pictures
    order_MN = np.argsort(-scores_MN, axis=1, kind="stable")
    assert np.array_equal(found.rank_Q, (order_MN == base.items_M[:, None]).argmax(1) + 1)
    assert np.array_equal(found.given_QK, order_MN[:, :10])


def test_blocks_are_as_near_to_exact_scores_as_the_slack_says() -> None:
    base = pairs(8)
    for tau in (0.02, 1.0, 100.0):
        scored = Pooled(base, around(base, 6), "logsumexp", tau)
        scores_BN = np.empty((len(base.items_M), len(base.images_NE)), np.float32)
        scored.fill(0, scores_BN)
        text_P, image_P = (part.ravel() for part in np.indices(scores_BN.shape))
        assert np.abs(scored.scores(text_P, image_P) - scores_BN.ravel()).max() <= scored.slack


def test_pooling_embeddings_and_the_mean_of_scores_rank_captions_alike() -> None:
    base = pairs(9)
    texts_KME = around(base, 3)
    ranks = []
    for pooling in ("embeddings", "mean"):
        ranking = Ranking(pooled(base, texts_KME, pooling, 1.0), pictures=False)  # type: ignore[arg-type]
        list(ranking.blocks())
        ranks.append(ranking.texts().rank_Q)
    assert np.array_equal(*ranks)


def test_a_ranking_without_pictures_tells_of_texts_alone() -> None:
    ranking = Ranking(pairs(2), pictures=False)
    list(ranking.blocks())
    assert len(ranking.texts().rank_Q) == 90
    with pytest.raises(ValueError, match="not ranked"):
        ranking.outcome()
