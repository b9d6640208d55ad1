"""The random control: as large a change as the templates', in no direction, the same for the same ids."""

from __future__ import annotations

import numpy as np
import pytest

from ml_core.retrieval.improving.control import mean_angle, shuffled, turned
from ml_core.retrieval.pairs import unit_rows

TEXTS_ME = unit_rows(np.random.default_rng(1).standard_normal((300, 64)))
IDS = [str(number) for number in range(300)]


@pytest.mark.parametrize("angle", [1e-4, 0.1, 0.7, 2.0])
def test_every_row_turns_by_the_angle(angle: float) -> None:
    found_ME = turned(TEXTS_ME, angle, IDS, seed=0)
    assert np.allclose(np.linalg.norm(found_ME, axis=1), 1, atol=1e-6)
    assert mean_angle(TEXTS_ME, found_ME) == pytest.approx(angle, rel=1e-2)
    assert np.allclose((TEXTS_ME * found_ME).sum(1), np.cos(angle), atol=1e-5)


def test_no_angle_is_no_change() -> None:
    assert mean_angle(TEXTS_ME, TEXTS_ME) == 0
    assert turned(TEXTS_ME, 0.0, IDS, seed=0) is TEXTS_ME


def test_directions_are_drawn_by_id_and_seed() -> None:
    whole, part = turned(TEXTS_ME, 0.3, IDS, seed=4), turned(TEXTS_ME[7:], 0.3, IDS[7:], seed=4)
    assert np.array_equal(whole[7:], part)
    assert not np.allclose(whole, turned(TEXTS_ME, 0.3, IDS, seed=5))


def test_directions_point_nowhere_together() -> None:
    found_ME = turned(TEXTS_ME, np.pi / 2, IDS, seed=0)
    assert np.linalg.norm(found_ME.mean(0)) < 3 / np.sqrt(len(IDS))


def test_shuffled_words_are_the_same_words_elsewhere() -> None:
    scores_QT = np.random.default_rng(2).random((300, 20))
    mixed_QT = shuffled(scores_QT, IDS, seed=0)
    assert np.array_equal(np.sort(mixed_QT), np.sort(scores_QT)) and not np.array_equal(mixed_QT, scores_QT)
    assert np.array_equal(mixed_QT[3:], shuffled(scores_QT[3:], IDS[3:], seed=0))
