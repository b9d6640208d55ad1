"""Makes secrets that are shown once, and the digests that are kept of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets


def new_secret(prefix: str = "") -> str:
    """A secret of 256 random bits, safe in addresses; `prefix` tells people (and scanners) what it opens."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 (hex) of a secret. Secrets of 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(digest_kept: str, secret: str) -> bool:
    """Whether a secret is the one whose digest was kept, compared in constant time."""
    return hmac.compare_digest(digest_kept, digest(secret))
