"""Prepared pictures for training: decoded once and kept in memory, or decoded each time where they do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ml_core.datasets.decoding import BrokenPicture
from ml_core.datasets.types import Dataset
from ml_core.encoders.preparation import Preparation
from ml_core.spec import BadInput

MEMORY = 2 * 2**30  # bytes that prepared pictures of one data set may take


class Pictures:
    """Pictures of a data set as uint8 arrays (H, W, 3), by their number in the frozen order."""

    def __init__(self, dataset: Dataset, preparation: Preparation, workers: int):
        self._dataset, self._preparation = dataset, preparation
        shape = (preparation.height, preparation.width, 3)
        count = len(dataset.item_ids)
        keep = count * shape[0] * shape[1] * 3 <= MEMORY
        self._kept_NHWC = np.zeros((count, *shape), np.uint8) if keep else None
        self._there_N = np.zeros(count, bool)
        self._pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="decode")

    def take(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """(B, H, W, 3) of the pictures with these numbers; BadInput that names a picture that cannot be decoded."""
        if self._kept_NHWC is None:
            return np.stack(list(self._pool.map(self._decode, numbers)))
        new = [number for number in dict.fromkeys(int(n) for n in numbers) if not self._there_N[number]]
        for number, picture in zip(new, self._pool.map(self._decode, new), strict=True):
            self._kept_NHWC[number] = picture
            self._there_N[number] = True
        return self._kept_NHWC[np.asarray(numbers)]

    def close(self) -> None:
        """Ends the decoding threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _decode(self, number: int) -> np.ndarray:
        try:
            return self._preparation.from_bytes(self._dataset.open_bytes(int(number)))
        except BrokenPicture as error:
            raise BadInput(f"{self._dataset.file_names[int(number)]}: {error}", field="data") from error
