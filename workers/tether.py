"""Runs one command so that it ends with the worker: started as a program of its own, it knows nothing of Nearmiss.

`python tether.py PARENT_PID COMMAND…` leads a process group. When the worker dies the kernel signals this process,
which kills the whole group, helpers of the command included. SIGTERM goes to the command alone, for it decides what its
helpers do. The exit status is the command's, its deadly signal included.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from types import FrameType

_PR_SET_PDEATHSIG = 1
_OOM_SCORE = "400"  # when memory runs out the run goes, not the worker that has to tell about it
_libc = ctypes.CDLL(None)


def _end_group(number: int, frame: FrameType | None) -> None:
    os.killpg(0, signal.SIGKILL)


def _die_with_us() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(parent: int, command: list[str]) -> int:
    """Runs the command to its end; returns its exit status."""
    signal.signal(signal.SIGHUP, _end_group)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGHUP)
    if os.getppid() != parent:  # the worker ended in between
        return 1
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(_OOM_SCORE)
    except OSError:
        pass
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    child = subprocess.Popen(command, preexec_fn=_ready, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda number, frame: child.send_signal(signal.SIGTERM))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    status = child.wait()
    if status < 0:
        signal.signal(signal.Signals(-status), signal.SIG_DFL) if -status not in (9, 19) else None
        os.kill(os.getpid(), -status)
    return status


def _ready() -> None:
    _die_with_us()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
