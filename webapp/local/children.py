"""Children that end with their parent (Linux), and what is left of children whose parent was killed."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends the child this signal when we end, however we end."""
    parent = os.getpid()

    def arrange() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # we ended in between
            os._exit(1)

    return arrange


def identity(pid: int) -> str | None:
    """What tells this process from a later one with its number: its start time. None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def group_members(group: int) -> list[int]:
    """The living processes of a process group."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                members.append(int(entry.name))
    return members


def end_group(group: int, number: int, patience: float) -> None:
    """Signals a process group, waits for it to be gone, then kills what is left of it."""
    for wanted, seconds in ((number, patience), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(group, wanted)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not group_members(group):
                return
            time.sleep(0.05)
