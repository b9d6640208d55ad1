"""The process that keeps encoders in memory: started for the first probe, asked line by line, let go when idle."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from typing import IO, Any

from webapp.settings import env

COMMAND = [sys.executable, "-m", "ml_core.retrieval.warm"]
OOM_SCORE = "500"  # when memory runs out it goes first: the next probe starts it again


class Gone(Exception):
    """The process died over a question, or took too long over it and was ended; says which."""


class WarmChild:
    """One process at a time. It sees the environment it is given, and ends with us: its input ends then."""

    def __init__(self, environment: dict[str, str]):
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._asked_at = 0.0

    def ask(self, question: dict[str, Any], *, patience: float) -> dict[str, Any]:
        """The answer, after as many seconds as `patience` at most; Gone where there will be none."""
        process = self._process if self.pid is not None and self._process else self._start()
        self._asked_at = time.monotonic()
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # it has just died: its output says so
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
        try:
            line = self._lines.get(timeout=patience)
        except queue.Empty:
            self.let_go()
            raise Gone(f"it took longer than {patience:.0f} seconds") from None
        if not line:
            status = self.let_go()
            raise Gone("it was killed: the machine may have run out of memory" if status == -9 else "it ended")
        self._asked_at = time.monotonic()
        return dict(json.loads(line))

    def let_go_when_idle(self, seconds: float) -> bool:
        """Ends the process where nobody has asked it for so long; whether it did."""
        if self.pid is None or time.monotonic() - self._asked_at < seconds:
            return False
        self.let_go()
        return True

    def let_go(self) -> int | None:
        """Ends the process and gives its memory back; its exit status, None where there was none."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None and process.stdout and self._lines.empty():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)  # it may be dying by itself: the status tells of what
        process.kill()
        status = process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close() if stream else None
        return status

    @property
    def pid(self) -> int | None:
        """Its process id; None where there is none."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def _start(self) -> subprocess.Popen[str]:
        self.let_go()
        self._lines = queue.Queue()
        process = subprocess.Popen(
            COMMAND, cwd=env.ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            encoding="utf-8", process_group=0,
        )  # fmt: skip
        self._process = process
        with contextlib.suppress(OSError):
            _write(f"/proc/{process.pid}/oom_score_adj", OOM_SCORE)
        assert process.stdout
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        return process


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    with contextlib.suppress(ValueError, OSError):  # closed by us
        for line in stream:
            lines.put(line)
    lines.put(None)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
