"""The pair of servers a test run owns: PostgreSQL and Redis in a folder kept between runs."""

from __future__ import annotations

import fcntl
import subprocess
import time
from typing import IO

import pytest

from webapp.local import embedded
from webapp.local.places import Places


class Servers:
    """Starts the embedded servers of a test run once, and stops them at its end."""

    def __init__(self, places: Places):
        self.places = places
        self._running: list[tuple[subprocess.Popen[bytes], embedded.Server]] = []
        self._lock: IO[str] | None = None

    def start(self) -> None:
        """Waits for an earlier run on the same folder to end, then starts both."""
        if self._running:
            return
        self._lock = (self.places.var / "lock").open("w")
        self._wait_for_our_turn(self._lock)
        embedded.prepare(self.places)
        for server in (embedded.postgres(self.places, durable=False), embedded.redis(self.places)):
            log = self.places.logs / f"{server.name}.log"
            self._running.append((embedded.start(server, log), server))

    def stop(self) -> None:
        """Ends both; what they hold stays for the next run."""
        for child, server in reversed(self._running):
            child.send_signal(server.stop_signal)
        for child, _ in self._running:
            child.wait(30)
        self._running = []
        if self._lock:
            self._lock.close()

    def _wait_for_our_turn(self, lock: IO[str]) -> None:
        for _ in range(1200):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                time.sleep(0.25)
        pytest.exit(f"Another test run uses {self.places.var}. Wait for it, or set NEARMISS_TEST_DB.", returncode=3)
