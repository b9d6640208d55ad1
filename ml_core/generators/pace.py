"""When the next request may go out: so many a minute, not before a server says, and never once it is all to stop."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 300.0  # seconds that are waited at most, whatever a server asks for


class Pace:
    """Shared by all threads that ask one endpoint."""

    def __init__(self, per_minute: float = 0):
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = self._held = 0.0
        self._lock = threading.Lock()
        self.halted = threading.Event()

    def turn(self) -> bool:
        """Waits for a turn; False where nothing more is to be asked."""
        while not self.halted.is_set():
            with self._lock:
                now = time.monotonic()
                at = max(self._next, self._held)
                if at <= now:  # whoever comes first has the turn; the others wait for the next, after a hold too
                    self._next = now + self._gap
                    return True
            self.halted.wait(at - now)
        return False

    def hold(self, seconds: float) -> None:
        """Nobody asks for so long."""
        with self._lock:
            self._held = max(self._held, time.monotonic() + seconds)

    def rest(self, seconds: float) -> bool:
        """One thread waits; False where nothing more is to be asked."""
        return not self.halted.wait(seconds)


def backing_off(attempt: int, pause: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1): doubled each time, and spread by chance."""
    return min(LONGEST, pause * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)  # noqa: S311 (not a secret)


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or a date; None where it says nothing that can be read."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(LONGEST, max(0.0, seconds)) if seconds == seconds else None
