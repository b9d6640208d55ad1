"""Where the endpoint is and with which key: from two environment variables, and shown to nobody."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ml_core.spec import BadInput

URL, KEY = "MODEL_API_URL", "MODEL_API_KEY"
_HIDDEN = "•••"
_SECRET = 8  # letters of a key from which on it is one: where none is needed, people write “none” or “EMPTY”


@dataclass(frozen=True)
class Door:
    """An OpenAI-compatible endpoint. Neither address nor key is in its representation."""

    url: str = field(repr=False)
    key: str = field(default="", repr=False)

    def hide(self, text: str) -> str:
        """The text without key and address, for a server may repeat what it was sent."""
        parts = urlsplit(self.url)
        for secret in (self.key, self.url, self.url.rstrip("/"), parts.netloc, parts.hostname or ""):
            if secret:
                text = text.replace(secret, _HIDDEN)
        return text

    def hide_in_answer(self, text: str) -> str:
        """An answer without key and address. A bare host name may be a word of a caption, and stays."""
        for secret in (self.key if len(self.key) >= _SECRET else "", self.url, self.url.rstrip("/")):
            if secret:
                text = text.replace(secret, _HIDDEN)
        return text

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the address: tells endpoints apart without showing them."""
        return hashlib.sha256(self.url.rstrip("/").encode()).hexdigest()


def from_environment() -> Door:
    """The endpoint that MODEL_API_URL names, with the key of MODEL_API_KEY or of the file MODEL_API_KEY_FILE names.

    BadInput (field "generator") where there is none or where its address cannot be one.
    """
    url = os.environ.get(URL, "").strip()
    if not url:
        raise BadInput(
            f"no endpoint is set: name it in the variable {URL} (in the web: an administrator does, under “Model "
            "endpoint”), or choose a local model or recorded captions",
            field="generator",
        )
    if problem := address_problem(url):
        raise BadInput(f"{URL}: {problem}", field="generator")
    return Door(url, _key())


def address_problem(url: str) -> str:
    """What is wrong with the address of an endpoint, "" where nothing is. The address is not repeated."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "this is no address"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "an address that begins with https:// or http:// is wanted"
    if parts.username is not None or parts.password is not None:
        return "no name and no password may stand in the address; the key has a field of its own"
    if parts.query or parts.fragment or any(ord(letter) < 33 or letter == "\x7f" for letter in url):
        return "the address may not hold blanks, a question mark or a #"
    return ""


def _key() -> str:
    key, file = os.environ.get(KEY, "").strip(), os.environ.get(f"{KEY}_FILE", "")
    if key or not file:
        return key
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"the file that {KEY}_FILE names cannot be read", field="generator") from None
