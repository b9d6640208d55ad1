"""One joint t-SNE: seeded, bounded by the number of vectors, neighbours stay neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.pictures import projection
from ml_core.pictures.projection import bounded, joint


@pytest.fixture(autouse=True)
def few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "EARLY", 60)
    monkeypatch.setattr(projection, "LATE", 60)


def clustered(count: int, groups: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    group_N = np.arange(count) % groups
    rows = 3 * rng.standard_normal((groups, 12))[group_N] + 0.3 * rng.standard_normal((count, 12))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), group_N


def test_the_same_seed_gives_the_same_places() -> None:
    vectors, _ = clustered(40)
    places = joint(vectors, seed=3)
    assert places.shape == (40, 2) and np.isfinite(places).all()
    assert np.array_equal(places, joint(vectors, seed=3))


def test_neighbours_stay_neighbours() -> None:
    vectors, group_N = clustered(45)
    places = joint(vectors, seed=1, perplexity=8)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.diag(np.full(45, np.inf))
    assert (group_N[apart.argmin(axis=1)] == group_N).all()


def test_equal_vectors_share_a_place() -> None:
    vectors, _ = clustered(20)
    places = joint(np.concatenate([vectors, vectors[:5]]), seed=0)
    assert np.array_equal(places[:5], places[20:])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7])
def test_few_vectors_have_places_too(count: int) -> None:
    places = joint(clustered(count)[0], seed=0)
    assert places.shape == (count, 2) and np.isfinite(places).all()
    assert len(np.unique(places.round(6), axis=0)) == count


def test_vectors_that_are_all_equal_lie_in_one_place() -> None:
    assert not joint(np.ones((9, 4)) / 2, seed=0).any()


def test_the_perplexity_is_bounded_by_the_number_of_vectors() -> None:
    assert (bounded(30, 10), bounded(30, 1000), bounded(5, 4)) == (3, 30, 1)
