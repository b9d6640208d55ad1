"""The bytes of a task's pictures: of a data set's item, or of a picture that was uploaded with the campaign."""

from __future__ import annotations

from typing import Any

from webapp.annotation.labelling.queries import file_hash_of
from webapp.corpora.displaying import MEDIA_TYPE, display_picture, encoded
from webapp.corpora.files import store

__all__ = ["MEDIA_TYPE", "SIZES", "picture_bytes"]

SIZES = {"view": 1280, "zoom": 2560}  # pixels of the longer edge, never enlarged


def picture_bytes(corpus_id: int | None, content: dict[str, Any], size: int) -> bytes:
    """A picture as WebP, at most `size` pixels wide and high. FileNotFoundError where it is gone."""
    if "key" in content:
        return _uploaded(str(content["key"]), size)
    found = file_hash_of(corpus_id, content["number"])
    if found is None:
        raise FileNotFoundError(content["number"])
    return display_picture(store(), f"corpora/{corpus_id}", found, size)


def _uploaded(key: str, size: int) -> bytes:
    shown = f"{key}.{size}.webp"
    try:
        return store().read_bytes(shown)
    except FileNotFoundError:
        data = encoded(store().read_bytes(key), size)
    store().write_bytes(shown, data)
    return data
