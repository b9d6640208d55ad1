"""Embeddings that somebody brings along in an .npz file, matched to a data set by id. Loads no model library."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np

from ml_core.datasets.types import Dataset
from ml_core.encoders.types import unit_rows
from ml_core.spec import BadInput

SIZE_LIMIT = 16 * 2**30
_ARRAYS = ("image_ids", "image_embeddings", "text_ids", "text_embeddings")


def load(rest: str, *, device: str = "cpu", exact: bool = False, precision: str = "auto") -> RecordedEmbeddings:
    """The .npz file `rest`, without pickled objects.

    It holds image_ids (N,), image_embeddings (N, E), text_ids (M,) and text_embeddings (M, E).
    """
    del device, exact, precision  # nothing is computed
    path = Path(rest)
    arrays = _read(path)
    for side in ("image", "text"):
        _check_side(path.name, side, arrays[f"{side}_ids"], arrays[f"{side}_embeddings"])
    dims = [arrays[f"{side}_embeddings"].shape[1] for side in ("image", "text")]
    if dims[0] != dims[1]:
        raise _bad(path.name, f"image_embeddings are {dims[0]} wide but text_embeddings {dims[1]}; both need one width")
    return RecordedEmbeddings(path, arrays)


class RecordedEmbeddings:
    """Embeddings by id, as read from one file; see ml_core.encoders.types.Recorded."""

    model_id = "embeddings"
    preprocessing_hash = "none"

    def __init__(self, path: Path, arrays: dict[str, np.ndarray]):
        self._name, self._arrays = path.name, arrays
        with path.open("rb") as file:
            self.revision = hashlib.file_digest(file, "sha256").hexdigest()
        self.dim = int(arrays["image_embeddings"].shape[1])

    def look_up(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """(N, E) and (M, E) of the data set's pictures and captions, unit length; BadInput where an id is missing."""
        return self._side("image", dataset.item_ids), self._side("text", dataset.caption_ids)

    def _side(self, side: str, wanted: list[str]) -> np.ndarray:
        ids = self._arrays[f"{side}_ids"].astype(str).tolist()
        at = {identifier: row for row, identifier in enumerate(ids)}
        missing = [identifier for identifier in wanted if identifier not in at]
        if missing:
            raise _bad(
                self._name,
                f"{len(missing):,} of {len(wanted):,} {side} ids of the data set are not in {side}_ids, "
                f"the first is {missing[0]!r}",
            )
        rows_NE = unit_rows(self._arrays[f"{side}_embeddings"][[at[identifier] for identifier in wanted]])
        if not rows_NE.any(axis=1).all():
            row = int(np.flatnonzero(~rows_NE.any(axis=1))[0])
            raise _bad(self._name, f"the {side} embedding of {wanted[row]!r} is all zeros and has no direction")
        return rows_NE


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > SIZE_LIMIT:
                raise _bad(path.name, f"unpacks to more than {SIZE_LIMIT:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in _ARRAYS if name not in file.files]
            if missing:
                raise _bad(path.name, f"lacks {', '.join(missing)}; an .npz with {', '.join(_ARRAYS)} is wanted")
            return {name: file[name] for name in _ARRAYS}
    except FileNotFoundError:
        raise BadInput(f"there is no file {str(path)!r}", field="encoder") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile) as error:
        raise _bad(path.name, f"cannot be read as .npz without pickled objects ({error})") from error


def _check_side(name: str, side: str, ids_N: np.ndarray, rows_NE: np.ndarray) -> None:
    if ids_N.ndim != 1 or rows_NE.ndim != 2 or len(ids_N) != len(rows_NE):
        raise _bad(name, f"{side}_ids {ids_N.shape} and {side}_embeddings {rows_NE.shape} do not belong together")
    if ids_N.dtype.kind not in "iuUS" or rows_NE.dtype.kind != "f":
        raise _bad(name, f"{side}_ids must be numbers or text and {side}_embeddings floating point")
    if rows_NE.shape[1] == 0 or len(ids_N) == 0:
        raise _bad(name, f"{side}_embeddings are empty")
    if not np.isfinite(rows_NE).all():
        row = int(np.flatnonzero(~np.isfinite(rows_NE).all(axis=1))[0])
        raise _bad(name, f"the {side} embedding of {str(ids_N[row])!r} holds NaN or infinity")
    if len(np.unique(ids_N)) != len(ids_N):
        raise _bad(name, f"{side}_ids names an id more than once")


def _bad(name: str, what: str) -> BadInput:
    return BadInput(f"{name}: {what}", field="encoder")
