"""A method in a child process: its command, the little of our environment that it sees, its lines, its end."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

from ml_core.generators.door import KEY, URL
from ml_core.methods import card as find_card
from ml_core.spec import BadInput
from webapp.experiments.generating.queries import KeyLost, address_and_key
from webapp.experiments.models import Run
from webapp.settings import env

TETHER = Path(__file__).with_name("tether.py")
TAIL = 40  # lines of the standard error kept for the failure box
WAITING = 5_000  # lines that may wait for PostgreSQL; then the pipe fills and the child waits too
LONGEST = 2_000_000  # characters of one line

# Everything of our environment that every method sees. No database address, no secret key, no model key.
ENVIRONMENT = [
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH"),
    *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUDA_HOME", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    *("HF_HOME", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_ENDPOINT", "TRANSFORMERS_OFFLINE", "TORCH_HOME"),
    *("XDG_CACHE_HOME", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
]
# A store at an address of its own is read and written by the method too, with these.
STORE_ENVIRONMENT = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
]


class Child:
    """A running command: `lines` gives what it printed, `status` how it ended (negative: the signal that killed it)."""

    def __init__(self, command: list[str], *, cwd: Path, environment: dict[str, str]):
        tethered = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command]
        self._process = subprocess.Popen(
            tethered,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.status: int | None = None
        self.peak_bytes = 0
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=WAITING)
        self._readers = [
            threading.Thread(target=self._read_events, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def lines(self, seconds: float) -> Iterator[str]:
        """What the command has said, waiting so long for the first line of it."""
        try:
            line = self._lines.get(timeout=seconds)
            while line is not None:
                yield line
                line = self._lines.get_nowait()
        except queue.Empty:
            return

    def ended(self) -> bool:
        """Whether the command has ended; if so `status` is set and nothing of its process group is left."""
        if self.status is not None:
            return True
        found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is None:
            return False
        self.kill()  # helpers that it left behind; its number is not free before it is waited for
        _, status, usage = os.wait4(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.status
        self.peak_bytes = usage.ru_maxrss * 1024
        return True

    def drained(self) -> bool:
        """Whether every line has been handed out; to be asked once the command has ended."""
        return self._lines.empty() and not any(reader.is_alive() for reader in self._readers)

    def ask_to_stop(self) -> None:
        """SIGTERM to the command: write a checkpoint and stop."""
        if self.status is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the command and everything it started."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the command, if it has not ended, and lets go of its pipes."""
        self.kill()
        while self.status is None and not self.ended():
            threading.Event().wait(0.05)
        while not self.drained():
            list(self.lines(0.05))
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _read_events(self, stream: IO[bytes]) -> None:
        while line := stream.readline(LONGEST):
            self._lines.put(line.decode("utf-8", "replace").rstrip("\n"))

    def _read_errors(self, stream: IO[bytes]) -> None:
        while line := stream.readline(LONGEST):
            text = line.decode("utf-8", "replace").rstrip().rpartition("\r")[2]
            if text.strip():
                self.tail.append(text[:2000])


def child_environment(run: Run | None = None) -> dict[str, str]:
    """What a method sees of our environment; a run that asks the model endpoint sees its address and key as well."""
    names = ENVIRONMENT + (STORE_ENVIRONMENT if "://" in str(settings.NEARMISS_STORE) else [])
    asked = _endpoint_environment() if run is not None and asks_endpoint(run) else {}
    return env.passed_on(names) | {"PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false"} | asked


def asks_endpoint(run: Run) -> bool:
    """Whether a run's method generates text and this run does so at the endpoint."""
    return find_card(run.method).needs_model and str(run.spec.get("generator", "")).startswith("endpoint:")


def _endpoint_environment() -> dict[str, str]:
    try:
        address, key = address_and_key()
    except KeyLost:
        text = "the key of the model endpoint can no longer be opened: an administrator must enter it again"
        raise BadInput(text, field="generator") from None
    return {name: value for name, value in ((URL, address), (KEY, key)) if value}
