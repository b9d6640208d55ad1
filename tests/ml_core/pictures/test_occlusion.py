"""Occlusion against blanking every square by hand: positions, colours, flips, drops, memory, heat and overlay."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ml_core.pictures import occlusion
from ml_core.pictures.occlusion import blanked, margins, occlude, squares_of
from ml_core.pictures.overlays import AMBER, BLUE, overlaid, png
from ml_core.spec import BadInput


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def scorer(height: int, width: int, classes: int = 4) -> occlusion.Scorer:
    weights_PC = np.random.default_rng(5).standard_normal((height * width * 3, classes)) / 255

    def scores_of(tiles_BHW3: np.ndarray) -> np.ndarray:
        return tiles_BHW3.reshape(len(tiles_BHW3), -1) @ weights_PC

    return scores_of


@pytest.mark.parametrize(
    ("size", "side", "stride", "fill"),
    [((24, 24), 8, 4, "grey"), ((23, 31), 9, 7, "mean"), ((10, 12), 10, 3, "black")],
)
def test_every_square_is_blanked_as_by_hand(size: tuple[int, int], side: int, stride: int, fill: str) -> None:
    whole = picture(*size)
    squares = squares_of(*size, side, stride)
    tops = sorted({*range(0, size[0] - side, stride), size[0] - side})
    lefts = sorted({*range(0, size[1] - side, stride), size[1] - side})
    colour = {"grey": 128, "black": 0, "mean": whole.reshape(-1, 3).mean(0).round()}[fill]
    tiles = np.concatenate(list(blanked(whole, squares, fill, batch=5)))
    assert len(tiles) == len(tops) * len(lefts)
    for tile, (top, left) in zip(tiles, [(top, left) for top in tops for left in lefts], strict=True):
        wanted = whole.copy()
        wanted[top : top + side, left : left + side] = colour
        assert np.array_equal(tile, wanted)


def test_flips_and_drops_are_those_of_scores_one_by_one() -> None:
    whole, scores_of = picture(24, 24), scorer(24, 24)
    squares = squares_of(24, 24, 8, 4)
    before = scores_of(whole[None])[0]
    for about in (None, 2):
        found = occlude(whole, scores_of, squares, about=about, batch=7)
        target = int(before.argmax()) if about is None else about
        assert found.given == before.argmax() and found.about == target
        for number, tile in enumerate(np.concatenate(list(blanked(whole, squares, "grey", 64)))):
            after = scores_of(tile[None])[0]
            assert found.flips_T[number] == (after.argmax() != before.argmax())
            drop = (before[target] - np.delete(before, target).max()) - (after[target] - np.delete(after, target).max())
            assert found.drop_T[number] == pytest.approx(drop, abs=1e-9)
        assert len(found.table()["drop"]) == len(squares)
    assert found.flips_T.any() and not found.flips_T.all()


def test_the_part_that_an_answer_rests_on_is_hot() -> None:
    whole = np.full((32, 32, 3), 200, np.uint8)
    whole[4:10, 20:28] = 255

    def scores_of(tiles_BHW3: np.ndarray) -> np.ndarray:
        bright_B = (tiles_BHW3 == 255).mean(axis=(1, 2, 3))
        return np.stack([bright_B, np.full(len(tiles_BHW3), 0.02)], axis=1)

    found = occlude(whole, scores_of, squares_of(32, 32, 8, 2))
    heat_HW = found.squares.spread(found.drop_T)
    assert np.unravel_index(heat_HW.argmax(), heat_HW.shape) in {(h, w) for h in range(4, 10) for w in range(20, 28)}
    assert found.flips_T.any() and heat_HW[20:, :10].max() == pytest.approx(0, abs=1e-12)


def test_heat_is_the_mean_of_the_squares_over_a_pixel() -> None:
    squares = squares_of(13, 17, 5, 3)
    value_T = np.random.default_rng(1).standard_normal(len(squares))
    heat_HW = squares.spread(value_T)
    for h in range(13):
        for w in range(17):
            over_T = (squares.top_T <= h) & (h < squares.top_T + 5) & (squares.left_T <= w) & (w < squares.left_T + 5)
            assert over_T.any() and heat_HW[h, w] == pytest.approx(value_T[over_T].mean())


def test_a_picture_of_a_large_model_is_few_batches_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = squares_of(224, 224, 32, 16)
    assert len(squares) == 169
    whole = picture(224, 224)
    assert [len(tiles) for tiles in blanked(whole, squares, "grey", 64)] == [64, 64, 41]
    assert [len(tiles) for tiles in blanked(whole, squares, "grey", 256)] == [169]
    monkeypatch.setattr(occlusion, "MEMORY", 20 * whole.nbytes)
    assert max(len(tiles) for tiles in blanked(whole, squares, "grey", 256)) == 20


def test_squares_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match="does not fit into 20 × 30") as caught:
        squares_of(30, 20, 21, 4)
    assert caught.value.field == "square"
    with pytest.raises(BadInput, match="leaves pixels out") as caught:
        squares_of(30, 20, 8, 9)
    assert caught.value.field == "stride"
    assert len(squares_of(20, 20, 20, 4)) == 1


def test_one_class_alone_has_its_score_as_margin() -> None:
    assert margins(np.array([[0.3], [0.1]]), 0).tolist() == [0.3, 0.1]


def test_an_overlay_is_amber_where_hot_and_blue_where_cold_and_large_enough() -> None:
    heat_HW = np.zeros((16, 16))
    heat_HW[2, 3], heat_HW[9, 9] = 2.0, -2.0
    image = overlaid(np.full((16, 16, 3), 100, np.uint8), heat_HW)
    assert image.size == (224, 224)
    for (h, w), colour in (((2, 3), AMBER), ((9, 9), BLUE), ((0, 0), (100, 100, 100))):
        wanted = np.array(colour) if (h, w) == (0, 0) else 0.75 * np.array(colour) + 25
        assert np.abs(np.array(image)[h * 14 + 7, w * 14 + 7] - wanted).max() <= 1
    assert png(image) == png(image) and Image.open(io.BytesIO(png(image))).format == "PNG"
    assert np.array(overlaid(picture(300, 300), np.zeros((300, 300)))).shape == (300, 300, 3)
