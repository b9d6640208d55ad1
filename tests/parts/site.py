"""The whole site for journeys: a web server, Celery workers and a clock as processes, on the test's own database."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from webapp.local import children, processes
from webapp.settings import env

PATIENCE = 300.0


class Site:
    """Processes of a site under test; each may be killed and started again. Logs lie under `folder`."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = env.passed_on() | environment | {"SITE_URL": self.url, "PORT": str(self.port)}
        self._kinds = {
            process.name: process
            for process in (
                processes.web("127.0.0.1", self.port, 4),
                processes.worker("runs", "cpu,gpu", 1, 20),
                processes.worker("jobs", "jobs", 2, 20),
                processes.probes(),
                processes.beat(folder / "beat"),
            )
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._read_to: dict[str, int] = {}

    def start(self, *names: str) -> None:
        """Starts the processes named (default: all) and waits until the web server answers and workers listen."""
        for name in names or tuple(self._kinds):
            process = self._kinds[name]
            with self.log(name).open("ab") as output:
                self._running[name] = subprocess.Popen(
                    process.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environment | process.environment,
                    cwd=env.ROOT,
                    process_group=0,
                    preexec_fn=children.die_with_parent(signal.SIGKILL),
                )
        for name in names or tuple(self._kinds):
            if name == "web":
                self._wait(self.answers, name)
            elif name != "beat":
                self._wait(lambda name=name: "ready." in self.text(name), name)

    def stop_workers(self) -> None:
        """Ends everything that takes up work by itself; `ensure` brings it back."""
        for name in ("beat", "jobs", "probe", "runs"):
            if name in self._running:
                self.stop(name)

    def stop(self, *names: str) -> None:
        """Ends the processes named (default: all) the way the supervisor does."""
        for name in names or tuple(self._running):
            self._running[name].send_signal(self._kinds[name].stop_signal)
        for name in names or tuple(self._running):
            child = self._running.pop(name)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(self._kinds[name].grace)
            children.end_group(child.pid, signal.SIGKILL, 5)

    def kill(self, name: str) -> None:
        """kill -9 on the process and everything it started in its group."""
        child = self._running.pop(name)
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        self.log(name).rename(self.log(name).with_suffix(f".{child.pid}.log"))

    def pid(self, name: str) -> int:
        """Process id of a process that runs."""
        return self._running[name].pid

    def ensure(self, *names: str) -> None:
        """Starts again those of the processes named (default: all) that a test has killed or that have died."""
        asked = names or tuple(self._kinds)
        gone = [name for name in asked if name not in self._running or self._running[name].poll() is not None]
        for name in gone:
            if self.log(name).exists():
                self.log(name).rename(self.log(name).with_suffix(f".{time.monotonic_ns()}.log"))
            self._read_to.pop(name, None)
        if gone:
            self.start(*gone)

    def log(self, name: str) -> Path:
        """The file that holds what a process said."""
        return self.folder / f"{name}.log"

    def text(self, name: str) -> str:
        """What a process has said so far."""
        return self.log(name).read_text(errors="replace") if self.log(name).exists() else ""

    def news(self, name: str) -> str:
        """What a process has said since the last call."""
        text = self.text(name)
        start = self._read_to.get(name, 0)
        self._read_to[name] = len(text)
        return text[start:] if start <= len(text) else text

    def answers(self) -> bool:
        """Whether the web server answers and reaches its database."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/healthz")
            return line.getresponse().status == 200
        except OSError:
            return False
        finally:
            line.close()

    def _wait(self, ready, name: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if self._running[name].poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{name} did not start:\n{self.text(name)[-4000:]}")
            time.sleep(0.05)


class Watch:
    """Collects what no page may do: script errors, console errors, refused content, answers of 500 and above."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.allowed: list[str] = []

    def attach(self, context) -> None:
        """Listens to every page of a browser context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"script error: {error.error}"))
        context.on("response", self._response)

    def allow(self, pattern: str) -> None:
        """The journey expects problems that match this pattern."""
        self.allowed.append(pattern)

    def remaining(self) -> list[str]:
        """The problems nobody expected."""
        return [text for text in self.problems if not any(re.search(pattern, text) for pattern in self.allowed)]

    def _console(self, message) -> None:
        refused = re.search(r"Content Security Policy|Refused to", message.text)
        if message.type == "error" or refused:
            self.problems.append(f"console {message.type}: {message.text} ({message.location.get('url')})")

    def _response(self, response) -> None:
        if response.status >= 500:
            self.problems.append(f"{response.status} from {response.request.method} {response.url}")


def free_port() -> int:
    """A TCP port of this machine that nobody uses."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]
