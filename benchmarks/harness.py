"""How a benchmark measures and what it reports: interleaved medians, peak memory, ratios and targets."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Role = Literal["peer", "naive", "bound", "limit"]


@dataclass(frozen=True)
class Row:
    """Ours beside one other thing. `ratio` is what `target` speaks of: how many times faster, or how much of a limit.

    peer, naive: ratio = other / ours, wanted at least `target`. bound, limit: ratio = ours / other, wanted at most
    `target`. No target: told, not judged. `ours` and `other` are in `unit` (seconds unless said otherwise).
    """

    work: str
    role: Role
    against: str
    ours: float
    other: float
    target: float | None = None
    unit: str = "s"
    peak_mib: float | None = None  # what ours needed beyond its inputs
    note: str = ""

    @property
    def ratio(self) -> float:
        part, whole = (self.other, self.ours) if self.role in ("peer", "naive") else (self.ours, self.other)
        return part / whole if whole else float("inf")

    @property
    def passed(self) -> bool | None:
        if self.target is None:
            return None
        return self.ratio >= self.target if self.role in ("peer", "naive") else self.ratio <= self.target

    def as_dict(self) -> dict[str, Any]:
        """For the JSON report."""
        return asdict(self) | {"ratio": self.ratio, "passed": self.passed}


def interleaved(contenders: Mapping[str, Callable[[], Any]], rounds: int = 5, warmups: int = 1) -> dict[str, float]:
    """Median seconds of each contender, taken in turns so that a busy moment meets them all; warm-ups do not count."""
    for _ in range(warmups):
        for work in contenders.values():
            work()
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            gc.collect()
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in taken.items()}


def peak_mib(work: Callable[[], Any]) -> float | None:
    """By how many MiB the process's resident memory rose above where it stood; None where the system does not tell."""
    try:
        Path("/proc/self/clear_refs").write_text("5")  # starts the high-water mark anew
    except OSError:
        return None
    before = _status("VmRSS")
    work()
    return max(0.0, (_status("VmHWM") - before) / 1024)


def circumstances() -> dict[str, Any]:
    """What every figure depends on: machine, cores, threads, versions of what computes."""
    blas = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if name in os.environ}
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": blas or "one a core",
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def table(rows: list[Row]) -> str:
    """The rows as aligned text."""
    heads = ("work", "against", "role", "ours", "other", "ratio", "target", "peak MiB", "")
    lines = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    numeric = {3, 4, 5, 6, 7}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in numeric else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≥" if row.role in ("peer", "naive") else "≤"
    verdict = {True: "pass", False: "MISSED", None: ""}[row.passed]
    return (
        row.work,
        row.against,
        row.role,
        _amount(row.ours, row.unit),
        _amount(row.other, row.unit),
        f"{row.ratio:.2f}×",
        f"{sign} {row.target:g}×" if row.target is not None else "",
        f"{row.peak_mib:.0f}" if row.peak_mib is not None else "",
        f"{verdict} {row.note}".strip(),
    )


def _amount(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:,.0f} {unit}"
    return f"{value:.3f} s" if value >= 0.1 else f"{value * 1000:.3g} ms"


def _status(name: str) -> int:
    """A line of /proc/self/status in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0
