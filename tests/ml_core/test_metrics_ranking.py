"""What ranks say, and the one order of ids that breaks ties."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.metrics.buckets import MARGINS, RANKS, margin_names, rank_names
from ml_core.metrics.ranking import (
    average_precision_at_r,
    hits_at,
    id_order,
    margin_bucket,
    rank_bucket,
    reciprocal_ranks,
)


def test_ids_that_are_numbers_stand_as_numbers_and_others_as_text() -> None:
    assert id_order(["10", "9", "100"]).tolist() == [1, 0, 2]
    assert id_order(["10", "9", "x"]).tolist() == [0, 1, 2]
    assert id_order([]).tolist() == []


def test_a_hit_stands_within_k_and_reciprocal_ranks_fall() -> None:
    assert hits_at(np.array([1, 5, 6]), 5).tolist() == [1, 1, 0]
    assert reciprocal_ranks(np.array([1, 2, 4])).tolist() == [1, 0.5, 0.25]


def test_map_at_r_counts_precision_at_right_answers_within_r_only() -> None:
    right_QK = np.array([[1, 0, 1, 1], [0, 1, 0, 0], [1, 1, 1, 0]])
    found = average_precision_at_r(right_QK, np.array([3, 1, 3]))
    assert found == pytest.approx([(1 + 2 / 3) / 3, 0.0, 1.0])
    with pytest.raises(ValueError, match="do not reach"):
        average_precision_at_r(right_QK, np.array([5, 1, 1]))


def test_every_rank_and_margin_has_one_bucket_with_a_name() -> None:
    assert len(rank_names()) == len(RANKS) and len(margin_names()) == len(MARGINS)
    for rank, name in ((1, "1"), (2, "2-5"), (5, "2-5"), (6, "6-10"), (500, "101-500"), (501, "501+"), (9999, "501+")):
        assert rank_names()[rank_bucket(np.array([rank]))[0]] == name
    for margin, name in ((-1.0, "below -0.1"), (-0.1, "-0.1 to -0.05"), (-0.005, "-0.01 to 0"), (0.0, "0 and above")):
        assert margin_names()[margin_bucket(np.array([margin]))[0]] == name
