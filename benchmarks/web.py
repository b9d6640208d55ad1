"""The web process without torch: how soon it answers, and what one of its processes holds in memory."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._database import database
from benchmarks.harness import Row
from benchmarks.labelling import LIMIT_MIB, _environment, _memory
from tests.parts.site import Site

_HOLDS = "import torch, re; print(re.search(r'VmRSS:\\s+(\\d+)', open('/proc/self/status').read())[1])"
LIMIT_START = 5.0  # a second start of everything has ten seconds


def measure(quick: bool) -> list[Row]:
    starts, held = [], []
    with database(), tempfile.TemporaryDirectory() as folder:
        for _ in range(2 if quick else 5):
            site = Site(Path(folder), _environment() | {"NEARMISS_STORE": f"{folder}/store"})
            begun = time.perf_counter()
            site.start("web")
            starts.append(time.perf_counter() - begun)
            held.append(_memory(site.pid("web"))[0])
            site.stop()
    begun = time.perf_counter()
    torch = (
        int(subprocess.run([sys.executable, "-c", _HOLDS], capture_output=True, text=True, check=True).stdout) / 1024
    )
    imported = time.perf_counter() - begun
    start, memory = statistics.median(starts), max(held)
    return [
        Row("web: from start until it answers", "limit", "5 s", start, LIMIT_START, 1.0),
        Row("web: from start until it answers", "naive", "importing torch alone", start, imported),
        Row("web: memory of its largest process", "limit", "150 MiB", memory, LIMIT_MIB, 1.0, "MiB"),
        Row("web: memory of its largest process", "naive", "torch alone", memory, torch, unit="MiB"),
    ]
