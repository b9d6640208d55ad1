"""The fusion against its formulas written out, and at its corners."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_core.zeroshot.fusion import Point, Sides, class_side, classified, enriched, image_side
from ml_core.zeroshot.vectors import Captions, Texts, unit
from tests.ml_core.zeroshot import direct


def drawn(seed: int, pictures: int = 9, classes: int = 4, most: int = 4, width: int = 6, least: int = 1) -> Sides:
    """Random sides whose owners have `least` to `most` captions."""
    rng = np.random.default_rng(seed)

    def rows(count: int) -> np.ndarray:
        return unit(rng.standard_normal((count, width)).astype(np.float32))

    def captions(owners: int) -> Captions:
        text_NK = rng.integers(0, 30, (owners, most)).astype(np.int32)
        text_NK[np.arange(most) >= rng.integers(least, most + 1, owners)[:, None]] = -1
        return Captions(rows(30), text_NK)

    return Sides(rows(pictures), rows(classes), rows(classes), captions(classes), captions(pictures))


def as_lists(captions: Captions) -> list[list[np.ndarray]]:
    return [[captions.vectors_UE[place].astype(float) for place in row if place >= 0] for row in captions.text_NK]


def on_paper(sides: Sides, point: Point) -> np.ndarray:
    arrays = (sides.images_NE, sides.domain_CE, sides.classes_CE)
    sides_of = (as_lists(sides.class_captions), as_lists(sides.image_captions))
    return direct.scores(*(rows.astype(float) for rows in arrays), *sides_of, tuple(vars(point).values()))


taus = st.sampled_from([None, 0.01, 0.1, 1.0, 30.0])
shares = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), shares, shares, taus, taus, st.integers(0, 1), st.integers(1, 5))
def test_the_fusion_is_its_formulas(
    seed: int, alpha: float, beta: float, tau_t2t: float | None, tau_i2t: float | None, least: int, classes: int
) -> None:
    sides, point = drawn(seed, classes=classes, least=least), Point(alpha, beta, tau_t2t, tau_i2t)
    images_NE, classes_CE = enriched(sides, point)
    wanted_NC = on_paper(sides, point)
    assert images_NE @ classes_CE.T == pytest.approx(wanted_NC, abs=1e-5)
    for rows in (images_NE, classes_CE):
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-6)
    found = classified(sides, point, np.zeros(9, np.int64), keep=2, scale=100)
    top_N2 = np.sort(wanted_NC, axis=1)[:, -2:]
    clear_N = top_N2[:, -1] - top_N2[:, 0] > 1e-5 if classes > 1 else np.ones(9, bool)
    assert (found.answers.given_N == wanted_NC.argmax(1))[clear_N].all()


def test_without_shares_vectors_are_the_plain_ones_to_the_bit() -> None:
    sides = drawn(3)
    images_NE, classes_CE = enriched(sides, Point(0, 0, 0.1, 0.1))
    assert images_NE is sides.images_NE and classes_CE is sides.classes_CE


def test_uniform_weights_sum_to_one_so_that_a_share_keeps_its_meaning() -> None:
    sides = drawn(4, least=1)
    for captions, owners in ((sides.class_captions, sides.domain_CE), (sides.image_captions, sides.images_NE)):
        uniform_NK, hot_NK = captions.weights(owners, None), captions.weights(owners, 1e6)
        assert uniform_NK.sum(1) == pytest.approx(1) and uniform_NK == pytest.approx(hot_NK, abs=1e-5)
    assert class_side(sides, None) == pytest.approx(class_side(sides, 1e6), abs=1e-5)


def test_a_cold_temperature_takes_the_likest_caption_alone() -> None:
    sides = drawn(5)
    likeness_NK = np.where(sides.image_captions.text_NK >= 0, sides.image_captions.likeness(sides.images_NE), -2)
    likest = sides.image_captions.text_NK[np.arange(9), likeness_NK.argmax(1)]
    assert image_side(sides, 1e-6) == pytest.approx(sides.image_captions.vectors_UE[likest], abs=1e-5)


def test_one_caption_is_itself_at_any_temperature() -> None:
    sides = drawn(6, most=1)
    for tau in (None, 0.001, 5.0):
        assert class_side(sides, tau) == pytest.approx(
            sides.class_captions.vectors_UE[sides.class_captions.text_NK[:, 0]]
        )


def test_an_owner_without_captions_stays_as_it_is() -> None:
    sides = drawn(7, least=0)
    bare_N = (sides.image_captions.text_NK < 0).all(1)
    assert bare_N.any() and not bare_N.all()
    images_NE, _ = enriched(sides, Point(0.5, 1.0, 0.1, 0.1))
    assert (images_NE[bare_N] == sides.images_NE[bare_N]).all()


def test_a_side_without_captions_stays_as_it_is() -> None:
    whole = drawn(8)
    bare = Sides(whole.images_NE, whole.domain_CE, whole.classes_CE, None, None)
    images_NE, classes_CE = enriched(bare, Point(0.9, 0.9, 0.1, 0.1))
    assert images_NE is bare.images_NE and classes_CE is bare.classes_CE


def test_captions_are_gathered_in_order_with_gaps_at_the_end() -> None:
    texts = Texts({"a": 0, "b": 1}, np.eye(2, dtype=np.float32))
    captions = texts.ragged([["b", "a"], [], ["a"]])
    assert captions.text_NK.tolist() == [[1, 0], [-1, -1], [0, -1]]
    assert captions.first(1).text_NK.tolist() == [[1], [-1], [0]]
    assert captions.mixed(captions.weights(np.zeros((3, 2)), None))[1].tolist() == [0, 0]
