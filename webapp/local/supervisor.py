"""Keeps processes running: starts them, starts them again when they die, and ends them in order, with patience.

One thread, so that a child's PDEATHSIG is tied to our end and to nothing else. What was left running by a supervisor
that was killed is found by its recorded group and start time, and ended first.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from webapp.local import children
from webapp.local.labels import Labels

FIRST_PAUSE, LONGEST_PAUSE, SETTLED = 0.5, 15.0, 30.0


@dataclass
class Charge:
    """A process in our charge. `start` begins it with its output on the descriptor given."""

    name: str
    start: Callable[[int], subprocess.Popen[bytes]]
    stop_signal: int
    grace: float
    child: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0


class AlreadyRunning(Exception):
    """Another supervisor holds this folder."""


class Supervisor:
    """Runs charges until it is asked to stop. `state` is the folder for its lock and the record of its children."""

    def __init__(self, state: Path, logs: Path):
        self.state = state
        self.stopping = 0
        self.charges: list[Charge] = []
        self._selector = selectors.DefaultSelector()
        self._labels = Labels(logs, self._selector)
        self._wake_reading, self._wake_writing = os.pipe()
        for end in (self._wake_reading, self._wake_writing):
            os.set_blocking(end, False)
        self._selector.register(self._wake_reading, selectors.EVENT_READ, None)
        self._lock = self._take_lock()
        self._record = state / "children.json"
        self.say("Ending what an interrupted start left running.") if self._end_leftovers() else None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_writing, warn_on_full_buffer=False)

    def say(self, line: str, name: str = "nearmiss") -> None:
        """Prints a line of ours."""
        self._labels.say(name, line)

    def add(self, charge: Charge) -> None:
        """Starts a process and keeps it running from now on."""
        self.charges.append(charge)
        self._begin(charge)

    def run_once(self, name: str, command: list[str], environment: dict[str, str] | None = None) -> int:
        """Runs a command to its end, with its output labelled, while the charges are looked after; its exit status."""
        child = self._spawn(name, command, environment)
        while child.poll() is None:
            self.tend(0.2)
            if self.stopping:
                children.end_group(child.pid, signal.SIGTERM, 10)
        self._drain()
        return child.returncode

    def wait_until(self, ready: Callable[[], bool], patience: float) -> bool:
        """Looks after the charges until `ready`; False if that takes too long or we are asked to stop."""
        deadline = time.monotonic() + patience
        while not self.stopping and time.monotonic() < deadline:
            if ready():
                return True
            self.tend(0.05)
        return False

    def tend(self, patience: float) -> None:
        """Waits a moment for output or for a death, prints the one and mends the other."""
        self._collect(patience)
        now = time.monotonic()
        for charge in self.charges:
            if charge.child is not None and charge.child.poll() is not None:
                self._bury(charge, now)
            if charge.child is None and not self.stopping and now >= charge.again_at:
                self._begin(charge)

    def run(self) -> None:
        """Looks after the charges until somebody asks us to stop."""
        while not self.stopping:
            self.tend(1.0)

    def stop(self) -> None:
        """Ends the charges, last started first, each with the time it needs; a second Ctrl-C ends the patience."""
        self.stopping = self.stopping or 1
        servers = [charge for charge in self.charges if charge.name in {"postgres", "redis"}]
        others = [charge for charge in self.charges if charge not in servers]
        self._end(others)
        for charge in reversed(servers):
            self._end([charge])
        self._drain()
        self._record.unlink(missing_ok=True)

    def _end(self, charges: list[Charge]) -> None:
        living = [charge for charge in charges if charge.child and charge.child.poll() is None]
        for charge in living:
            assert charge.child
            with contextlib.suppress(ProcessLookupError):
                charge.child.send_signal(charge.stop_signal)
        began, said = time.monotonic(), False
        while living := [charge for charge in living if charge.child and charge.child.poll() is None]:
            self._collect(0.1)
            waited = time.monotonic() - began
            if waited > 2 and not said:
                said = True
                names = ", ".join(charge.name for charge in living)
                self.say(f"Waiting for {names} to finish (a run writes its checkpoint). Ctrl-C again: do not wait.")
            for charge in living:
                if waited > charge.grace or self.stopping > 1:
                    assert charge.child
                    children.end_group(charge.child.pid, signal.SIGKILL, 5)
        for charge in charges:
            if charge.child:
                children.end_group(charge.child.pid, signal.SIGKILL, 5)

    def _begin(self, charge: Charge) -> None:
        writing = self._labels.pipe(charge.name)
        try:
            charge.child = charge.start(writing)
        finally:
            os.close(writing)
        charge.began = time.monotonic()
        self._remember()

    def _bury(self, charge: Charge, now: float) -> None:
        assert charge.child
        how = charge.child.returncode
        children.end_group(charge.child.pid, signal.SIGKILL, 5)  # nothing of it may hold a port or a lock
        charge.child = None
        if self.stopping:
            return
        charge.pause = FIRST_PAUSE if now - charge.began > SETTLED else min(charge.pause * 2, LONGEST_PAUSE)
        charge.again_at = now + charge.pause
        why = signal.Signals(-how).name if how < 0 else f"exit status {how}"
        self.say(f"{charge.name} ended ({why}); starting it again in {charge.pause:.0f} s.")

    def _spawn(self, name: str, command: list[str], environment: dict[str, str] | None) -> subprocess.Popen[bytes]:
        writing = self._labels.pipe(name)
        try:
            return start_child(command, writing, environment)
        finally:
            os.close(writing)

    def _collect(self, patience: float) -> None:
        for key, _ in self._selector.select(patience):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_reading, 4096)
            else:
                self._labels.collect(key.fd, key.data)

    def _drain(self) -> None:
        """Prints what is still in the pipes of processes that have ended."""
        for _ in range(50):
            if not [key for key, _ in self._selector.select(0) if key.data is not None]:
                return
            self._collect(0)

    def _asked_to_stop(self, number: int, frame: object) -> None:
        self.stopping += 1

    def _take_lock(self) -> IO[str]:
        lock = (self.state / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Nearmiss already runs on {self.state.parent}. Stop it first (Ctrl-C there)."
            ) from None
        os.set_inheritable(lock.fileno(), False)
        return lock

    def _remember(self) -> None:
        living = {
            charge.name: [charge.child.pid, children.identity(charge.child.pid), charge.stop_signal]
            for charge in self.charges
            if charge.child
        }
        draft = self._record.with_suffix(".draft")
        draft.write_text(json.dumps(living))
        draft.replace(self._record)

    def _end_leftovers(self) -> bool:
        """Ends the groups that a killed supervisor started; servers of data get the time to write it down."""
        try:
            remembered = json.loads(self._record.read_text())
        except (OSError, ValueError):
            return False
        found = False
        for name, (pid, born, number) in reversed(remembered.items()):
            same = children.identity(pid) == born
            if same or (children.identity(pid) is None and children.group_members(pid)):
                found = True
                children.end_group(pid, number if name in {"postgres", "redis"} else signal.SIGKILL, 20)
        self._record.unlink(missing_ok=True)
        return found


def start_child(command: list[str], output: int, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """A child in a process group of its own that is killed when we end."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        process_group=0,
        preexec_fn=children.die_with_parent(signal.SIGKILL),
    )
