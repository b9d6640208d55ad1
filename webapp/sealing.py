"""Seals secrets that rest in the database, so that a copy of it alone does not give them away."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def sealer(purpose: str) -> Fernet:
    """A box with a key of its own for each purpose, derived from SECRET_KEY. Its `decrypt` raises InvalidToken for what
    was sealed under another SECRET_KEY."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"nearmiss {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(kdf.derive(settings.SECRET_KEY.encode())))
