"""The processes of an installation on one machine: how each is started. Starts none itself."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from webapp.settings import env

_BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Process:
    """One process: its label, its command, the signal that ends it well and the seconds that may take."""

    name: str
    command: list[str]
    stop_signal: int = signal.SIGTERM
    grace: float = 10
    environment: dict[str, str] = field(default_factory=dict)


def web(host: str, port: int, threads: int) -> Process:
    """granian with WSGI threads in a few processes, each started again when it dies: Python uses one core in each.

    Its backpressure counts connections, idle ones among them, and a browser holds six: with few, the others wait for
    as long as those stay open.
    """
    command = [str(_BIN / "granian"), "--interface", "wsgi", "--host", host, "--port", str(port)]
    command += ["--workers", str(env.read("WEB_PROCESSES")), "--respawn-failed-workers", "--respawn-interval", "0.5"]
    command += ["--blocking-threads", str(threads), "--backpressure", "1024", "--no-ws", "--http", "1"]
    command += ["--workers-kill-timeout", "8", "--log-level", "error", "webapp.wsgi:application"]
    return Process("web", command)


def worker(name: str, queues: str, threads: int, grace: float, app: str = "webapp.broker:app") -> Process:
    """A Celery worker in threads: what is heavy runs in child processes of its own."""
    command = [*_celery(app), "worker", "--pool", "threads", "--concurrency", str(threads), "--queues", queues]
    command += ["--hostname", f"{name}@%h", "--without-gossip", "--without-mingle", "--loglevel", env.read("LOG_LEVEL")]
    quiet = {"PYTHONWARNINGS": "ignore:You're running the worker"}  # as root: the machine is ours alone
    return Process(name, command, grace=grace + 5, environment=quiet)


def probes() -> Process:
    """The worker that answers probes, one at a time. It loads its own tasks alone: what is heavy is its warm child."""
    return worker("probe", "probe", 1, 10, app="workers.probe_app:app")


def beat(schedule: Path) -> Process:
    """Celery's clock: asks for reaping and wakes workers now and then."""
    return Process(
        "beat",
        [*_celery("webapp.broker:app"), "beat", "--schedule", str(schedule), "--pidfile", "", "--loglevel", "WARNING"],
    )


def everything(state: Path) -> list[Process]:
    """What `make run` starts beside the embedded servers, in this order."""
    grace = env.read("NEARMISS_STOP_GRACE")
    return [
        web(env.read("HOST"), env.read("PORT"), env.read("WEB_THREADS")),
        worker("runs", env.read("NEARMISS_QUEUES"), 1, grace),
        worker("jobs", "jobs", env.read("NEARMISS_WORKER_THREADS"), 20),
        probes(),
        beat(state / "beat"),
    ]


def manage(*arguments: str) -> list[str]:
    """The command line of a management command."""
    return [sys.executable, str(env.ROOT / "manage.py"), *arguments]


def _celery(app: str) -> list[str]:
    return [str(_BIN / "celery"), "--quiet", "--app", app]
