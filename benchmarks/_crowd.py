"""People at work on a labelling server, all at once, in turns with those of another: how both are timed."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from benchmarks.gallery import _processor_seconds


class Person(ABC):
    """Somebody at work: one line to the server, its cookies, and how long what they asked for took.

    `submits` are the seconds from an answer given to the next item there, `nexts` those of asking for an item alone.
    """

    def __init__(self, port: int, cookies: Mapping[str, str]):
        self.cookies = dict(cookies)
        self.headers: dict[str, str] = {}
        self.submits: list[float] = []
        self.nexts: list[float] = []
        self.worked = 0.0
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    @abstractmethod
    def open(self) -> None:
        """Begins: whatever the page does before the first item."""

    @abstractmethod
    def label(self) -> bool:
        """Answers one item and gets the next, or says that there is none."""

    def work(self, until: float) -> None:
        """Labels without a pause until a moment of `time.perf_counter`."""
        begun = time.perf_counter()
        while time.perf_counter() < until and self.label():
            pass
        self.worked += time.perf_counter() - begun

    def ask(
        self, method: str, address: str, body: bytes | None = None, kind: str = "", good: Sequence[int] = (200,)
    ) -> tuple[int, bytes]:
        """Status and body of the answer; AssertionError where the status is none of the `good` ones."""
        said = {"Host": "localhost", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        said |= self.headers | ({"Content-Type": kind} if kind else {})
        for again in (True, True, False):  # as the page does: what was not answered is sent again, stored once
            try:
                self._line.request(method, address, body, said)
                answer = self._line.getresponse()
                data = answer.read()
                break
            except (OSError, http.client.HTTPException):
                self._line.close()
                if not again:
                    raise
        for name, text in answer.getheaders():
            if name.lower() == "set-cookie" and (found := re.match(r"([^=;]+)=([^;]*)", text)):
                self.cookies[found.group(1)] = found.group(2)
        assert answer.status in good, (method, address, answer.status, data[:500])
        return answer.status, data

    def post(self, address: str, body: Any, good: Sequence[int] = (200,)) -> Any:
        """The answer to JSON sent, as JSON."""
        return json.loads(self.ask("POST", address, json.dumps(body).encode(), "application/json", good)[1])

    def close(self) -> None:
        self._line.close()


P = TypeVar("P", bound=Person)


@dataclass
class Crowd(Generic[P]):
    """People on one server, and what its processes (a process group) used while they worked."""

    people: Sequence[P]
    group: int
    used: float = 0.0

    def turn(self, seconds: float) -> None:
        """Everybody works for so long and finishes what they began; processor time adds up over turns."""
        used, until = _processor_seconds(self.group), time.perf_counter() + seconds
        with ThreadPoolExecutor(len(self.people)) as threads:
            for done in [threads.submit(one.work, until) for one in self.people]:
                done.result()
        self.used += _processor_seconds(self.group) - used

    @property
    def submits(self) -> list[float]:
        return [each for one in self.people for each in one.submits]

    @property
    def nexts(self) -> list[float]:
        return [each for one in self.people for each in one.nexts]

    @property
    def rate(self) -> float:
        """Labels a second: each one's own, added up, so that waiting for the last one of a turn counts for nobody."""
        return sum(len(one.submits) / one.worked for one in self.people)

    @property
    def cost(self) -> float:
        """Seconds of processor time a label, of all the server's processes; the database is not among them."""
        return self.used / len(self.submits)

    def close(self) -> None:
        for one in self.people:
            one.close()


def in_turns(crowds: Sequence[Crowd[Any]], seconds: float, rounds: int = 3) -> None:
    """Each crowd works `seconds` in all, a part at a time: what else the machine does meets them all."""
    for _ in range(rounds):
        for crowd in crowds:
            crowd.turn(seconds / rounds)


def p95(times: Sequence[float]) -> float:
    """The 95th percentile, never beyond the longest; nan of fewer than two."""
    return statistics.quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else float("nan")


def memory(group: int) -> list[float]:
    """MiB that each process of a group holds, the largest first; what they share is counted in each."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((path / "stat").read_text().rpartition(")")[2].split()[2]) == group:
                held = re.search(r"^Rss:\s+(\d+)", (path / "smaps_rollup").read_text(), re.MULTILINE)
                found.append(int(held.group(1)) / 1024 if held else 0.0)
    return sorted(found, reverse=True)
