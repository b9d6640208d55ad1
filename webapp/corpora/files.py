"""Where the store and the scratch folder keep what belongs to data sets and to imports."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.conf import settings

from ml_core.store import Store


def store() -> Store:
    """The installation's store."""
    return Store(settings.NEARMISS_STORE)


def new_upload_key() -> str:
    """A place for an uploaded zip, until its import has ended."""
    return f"uploads/{secrets.token_hex(16)}.zip"


def picture_key(prefix: str, file_hash: str) -> str:
    """The original bytes of a picture of a frozen set; never served."""
    return f"{prefix}/pictures/{file_hash}"


def display_key(prefix: str, file_hash: str, size: int) -> str:
    """A picture made for looking at, at most `size` pixels wide and high."""
    return f"{prefix}/display/{size}/{file_hash}.webp"


def scratch_folder(import_id: int) -> Path:
    """Where a worker unpacks an upload; may vanish between two attempts."""
    return Path(settings.NEARMISS_CACHE) / "imports" / str(import_id)


def url_of(key: str) -> str:
    """The address of a key, for programs that open it themselves."""
    return f"{str(settings.NEARMISS_STORE).rstrip('/')}/{key}"
