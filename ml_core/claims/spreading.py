"""The same work on many things in threads: drawing and sorting numbers let go of Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")
Made = TypeVar("Made")
_FEW = 8  # things that are not worth a thread
_MOST = 8


def spread(work: Callable[[Thing], Made], things: Iterable[Thing]) -> list[Made]:
    """What `work` makes of each thing, in their order; a fault of one is raised here."""
    known = list(things)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if len(known) <= _FEW or cores == 1:
        return [work(thing) for thing in known]
    with ThreadPoolExecutor(min(cores, _MOST)) as pool:
        return list(pool.map(work, known))
