"""Pictures for looking at: re-encoded in a few sizes when first asked for, kept in the store. Never the original."""

from __future__ import annotations

import io

from PIL import Image

from ml_core.datasets.decoding import decode_rgb
from ml_core.store import Store
from webapp.corpora.files import display_key, picture_key

SIZES = {"tiny": 160, "small": 320, "medium": 640, "large": 1280}  # pixels of the longer edge
MEDIA_TYPE = "image/webp"
_QUALITY = 82


def display_picture(store: Store, prefix: str, file_hash: str, size: int) -> bytes:
    """A picture as WebP, at most `size` pixels wide and high (one of SIZES), never enlarged.

    BrokenPicture or FileNotFoundError where the original is not what was imported.
    """
    key = display_key(prefix, file_hash, size)
    try:
        return store.read_bytes(key)
    except FileNotFoundError:
        data = encoded(store.read_bytes(picture_key(prefix, file_hash)), size)
    store.write_bytes(key, data)
    return data


def encoded(original: bytes, size: int) -> bytes:
    """The original's pixels, upright, in a new file that holds nothing else: no metadata, no thumbnail, no trailer."""
    image = decode_rgb(original, size)
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()
