"""Output of many processes on one terminal: each line with its process's name, in colour where there is one."""

from __future__ import annotations

import os
import selectors
import sys
from pathlib import Path
from typing import BinaryIO

from webapp.settings import env

_COLOURS = {
    "postgres": 34,
    "redis": 35,
    "web": 32,
    "runs": 33,
    "jobs": 36,
    "probe": 35,
    "beat": 90,
    "setup": 37,
    "nearmiss": 1,
}
_LARGEST_LOG = 8 * 2**20


class Labels:
    """Collects lines from pipes; prints them with a label and appends them to var/log/NAME.log."""

    def __init__(self, logs: Path, selector: selectors.BaseSelector):
        self._logs = logs
        self._selector = selector
        self._rest: dict[int, bytes] = {}
        self._files: dict[str, BinaryIO] = {}
        self._colour = sys.stdout.isatty() and not env.read("NO_COLOR")

    def pipe(self, name: str) -> int:
        """A writable file descriptor for a child; close it here once the child has it."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._rest[reading] = b""
        self._selector.register(reading, selectors.EVENT_READ, name)
        return writing

    def collect(self, reading: int, name: str) -> None:
        """Takes what a pipe holds and prints the whole lines of it."""
        try:
            data = os.read(reading, 65536)
        except BlockingIOError:
            return
        lines = (self._rest[reading] + data).split(b"\n")
        if data or not lines[-1]:
            self._rest[reading] = lines.pop()
        for line in lines:
            self.say(name, line.decode(errors="replace"))
        if not data:
            self._selector.unregister(reading)
            os.close(reading)
            del self._rest[reading]

    def say(self, name: str, line: str) -> None:
        """Prints one line of `name`."""
        label = f"{name:>8} |"
        if self._colour:
            label = f"\x1b[{_COLOURS.get(name, 37)}m{label}\x1b[0m"
        try:
            print(label, line.rstrip(), flush=True)
        except (BrokenPipeError, OSError):  # the terminal is gone; the log still says it
            self._colour = False
        self._file(name).write(line.encode(errors="replace") + b"\n")

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            path = self._logs / f"{name}.log"
            if path.exists() and path.stat().st_size > _LARGEST_LOG:
                path.replace(path.with_suffix(".log.1"))
            self._files[name] = path.open("ab", buffering=0)
        return self._files[name]
