"""What an encoder is to those who use it. Loads no model library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image

from ml_core.datasets.types import Dataset


@runtime_checkable
class Encoder(Protocol):
    """Pictures and texts into one space; all rows it returns are float32 of unit length.

    `model_id` names the model, `revision` is a SHA-256 over weights and configuration, `preprocessing_hash` one over
    everything between bytes and model (decoding, resizing, tokenizer, precision). `image_batch` and `text_batch` are
    the sizes that encode_dataset uses: other sizes give other last bits.
    """

    model_id: str
    revision: str
    preprocessing_hash: str
    dim: int
    image_size: int
    image_batch: int
    text_batch: int

    def prepare(self, image: Image.Image) -> np.ndarray:
        """An RGB picture as the uint8 array (H, W, 3) that the model sees before normalisation."""

    def prepare_bytes(self, data: bytes) -> np.ndarray:
        """The same from a file's bytes; BrokenPicture where they are no picture."""

    def encode_images(self, images: Sequence[Image.Image | np.ndarray]) -> np.ndarray:
        """N pictures, as RGB images or prepared arrays, to (N, E)."""

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        """M texts to (M, E)."""


@runtime_checkable
class Recorded(Protocol):
    """Embeddings that somebody brings along instead of a model."""

    model_id: str
    revision: str
    preprocessing_hash: str
    dim: int

    def look_up(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """(N, E) and (M, E) in the data set's frozen order, unit length; BadInput where an id is missing."""


def unit_rows(rows_NE: np.ndarray) -> np.ndarray:
    """Rows divided by their length, float32 (N, E); a row of zeros stays."""
    rows_NE = np.asarray(rows_NE, dtype=np.float32)
    length_N1 = np.linalg.norm(rows_NE.astype(np.float64), axis=1, keepdims=True)
    return (rows_NE / np.where(length_N1 == 0, 1, length_N1)).astype(np.float32)
