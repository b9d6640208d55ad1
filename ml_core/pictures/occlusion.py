"""Which part of a picture an answer rests on: a square is blanked, place after place, and the answer looked at again
(Zeiler and Fergus 2014). Memory is bounded: squares are blanked a batch at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml_core.spec import BadInput

Fill = Literal["grey", "mean", "black"]
Scorer = Callable[[np.ndarray], np.ndarray]  # pictures (B, H, W, 3) uint8 → scores of classes (B, C)
MEMORY = 64 * 2**20  # bytes of blanked pictures at a time


@dataclass(frozen=True)
class Squares:
    """T squares of `side` pixels by their upper left corners; together they cover a picture of height × width."""

    height: int
    width: int
    side: int
    top_T: np.ndarray
    left_T: np.ndarray

    def __len__(self) -> int:
        return len(self.top_T)

    def spread(self, value_T: np.ndarray) -> np.ndarray:
        """The mean over the squares that cover each pixel, (H, W) float64."""
        sums_HW2 = np.zeros((self.height + 1, self.width + 1, 2))
        signed_T2 = np.stack([np.asarray(value_T, np.float64), np.ones(len(self))], axis=-1)
        for down, right, sign in ((0, 0, 1), (self.side, 0, -1), (0, self.side, -1), (self.side, self.side, 1)):
            np.add.at(sums_HW2, (self.top_T + down, self.left_T + right), sign * signed_T2)
        sums_HW2 = sums_HW2.cumsum(0).cumsum(1)[:-1, :-1]
        return sums_HW2[..., 0] / sums_HW2[..., 1]


@dataclass(frozen=True)
class Occlusion:
    """What T blanked squares did. The margin is the score of the class `about` minus the best other one.

    `given_T`: the class that is answered with the square blanked; `margin_T`: the margin then.
    """

    squares: Squares
    about: int
    given: int
    margin: float
    given_T: np.ndarray
    margin_T: np.ndarray

    @property
    def flips_T(self) -> np.ndarray:
        """Flip mode: squares without which another class is answered, (T,) bool."""
        return self.given_T != self.given

    @property
    def drop_T(self) -> np.ndarray:
        """Margin mode: how much of the margin is lost with each square, (T,); below 0 where blanking helps."""
        return self.margin - self.margin_T

    def table(self) -> dict[str, list[Any]]:
        """A row a square: its corner and side in pixels, the class given without it, whether it flips, margin, drop."""
        return {
            "top": self.squares.top_T.tolist(),
            "left": self.squares.left_T.tolist(),
            "side": [self.squares.side] * len(self.squares),
            "given": self.given_T.tolist(),
            "flips": self.flips_T.tolist(),
            "margin": self.margin_T.tolist(),
            "drop": self.drop_T.tolist(),
        }


def squares_of(height: int, width: int, side: int, stride: int) -> Squares:
    """Squares at every stride, the last ones flush with the border so that no pixel is left out.

    BadInput (field "square") where the square is larger than the picture that the model sees, (field "stride") where
    the stride would leave pixels out.
    """
    if side > min(height, width):
        raise BadInput(f"a square of {side} pixels does not fit into {width} × {height}: choose less", field="square")
    if stride > side:
        raise BadInput(f"a stride of {stride} leaves pixels out between squares of {side}: choose less", field="stride")
    tops, lefts = (np.unique([*range(0, size - side, stride), size - side]) for size in (height, width))
    top_RC, left_RC = np.meshgrid(tops, lefts, indexing="ij")
    return Squares(height, width, side, top_RC.ravel(), left_RC.ravel())


def blanked(picture_HW3: np.ndarray, squares: Squares, fill: Fill, batch: int) -> Iterator[np.ndarray]:
    """The picture with one square blanked at a time, in the order of the squares: (B, H, W, 3) uint8, B ≤ `batch`."""
    colour_3 = fill_colour(picture_HW3, fill)
    batch = max(1, min(batch, MEMORY // max(picture_HW3.nbytes, 1)))
    for start in range(0, len(squares), batch):
        part = slice(start, start + batch)
        top_B, left_B = squares.top_T[part], squares.left_T[part]
        found_BHW3 = np.repeat(picture_HW3[None], len(top_B), axis=0)
        windows = sliding_window_view(found_BHW3, (squares.side, squares.side), axis=(1, 2), writeable=True)
        windows[np.arange(len(top_B)), top_B, left_B] = colour_3[:, None, None]
        yield found_BHW3


def fill_colour(picture_HW3: np.ndarray, fill: Fill) -> np.ndarray:
    """The colour of a blanked square: middle grey, the mean of the picture, or black, (3,) uint8."""
    if fill == "mean":
        return picture_HW3.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    return np.full(3, 128 if fill == "grey" else 0, np.uint8)


def occlude(
    picture_HW3: np.ndarray,
    scores_of: Scorer,
    squares: Squares,
    *,
    about: int | None = None,
    fill: Fill = "grey",
    batch: int = 64,
) -> Occlusion:
    """Blanks every square of a prepared picture (H, W, 3) uint8 and scores what is left.

    `about` is the class whose margin is watched; None: the class that is given for the whole picture.
    """
    whole_C = scores_of(picture_HW3[None])[0]
    given = int(whole_C.argmax())
    about = given if about is None else about
    parts = [scores_of(tiles_BHW3) for tiles_BHW3 in blanked(picture_HW3, squares, fill, batch)]
    scores_TC = np.concatenate(parts)
    margin = float(margins(whole_C[None], about)[0])
    return Occlusion(squares, about, given, margin, scores_TC.argmax(axis=1), margins(scores_TC, about))


def margins(scores_BC: np.ndarray, about: int) -> np.ndarray:
    """Score of one class minus the best other one, (B,) float64; the score itself where there is no other."""
    own_B = scores_BC[:, about].astype(np.float64)
    if scores_BC.shape[1] == 1:
        return own_B
    others_BC = np.delete(scores_BC, about, axis=1).astype(np.float64)
    return own_B - others_BC.max(axis=1)
