"""Surfaces and confusions: the best point is one that was measured."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.pictures.maps import confusion_matrix, heat_map


def test_the_best_point_is_read_from_the_data() -> None:
    found = heat_map([0, 0.2, 0, 0.2], [0.1, 0.1, 0, 0], [0.5, 0.7, 0.6, 0.4])
    assert found["x"] == [0, 0.2] and found["y"] == [0, 0.1]
    assert found["value"] == [[0.6, 0.4], [0.5, 0.7]]
    assert found["best"] == {"x": 0.2, "y": 0.1, "value": 0.7}


def test_of_equal_points_the_one_that_changes_least_is_the_best() -> None:
    assert heat_map([0.4, 0.2, 0.2], [0, 0.3, 0.1], [1, 1, 1])["best"] == {"x": 0.2, "y": 0.1, "value": 1}


def test_a_grid_may_have_holes_but_no_point_twice() -> None:
    assert heat_map([0, 1], [0, 1], [0.1, 0.2])["value"] == [[0.1, None], [None, 0.2]]
    with pytest.raises(ValueError, match="stands there twice"):
        heat_map([0, 0], [1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match="no point"):
        heat_map([], [], [])


def test_confusions_are_counted_by_true_and_given_class() -> None:
    found = confusion_matrix(np.array([0, 0, 0, 2]), np.array([0, 1, 1, 2]), ["a", "b", "c"])
    assert found["count"] == [[1, 2, 0], [0, 0, 0], [0, 0, 1]]
    assert found["share"] == [[1 / 3, 2 / 3, 0], [None] * 3, [0, 0, 1]]
