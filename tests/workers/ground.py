"""A set of servers and a worker that tests may kill: their own PostgreSQL and Redis, so that no other test feels it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from kombu import pools
from kombu.exceptions import OperationalError as BrokerAway

from tests.parts import database
from tests.parts.site import Site
from webapp.away import AWAY
from webapp.broker import REAP_TASK, wake
from webapp.broker import app as celery_app
from webapp.experiments.models import Run
from webapp.local import embedded
from webapp.local.places import Places
from webapp.settings import addresses


class Ground:
    """What stands there: `kill` takes a part down as `kill -9` does, `raise_` brings it back."""

    def __init__(self, places: Places, folder: Path, environment: dict[str, str]):
        self.places = places
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self.site = Site(folder, environment)

    def raise_(self, name: str) -> None:
        """Starts a server, or the worker."""
        if name == "worker":
            return self.site.start("runs")
        server = {"postgres": embedded.postgres, "redis": embedded.redis}[name](self.places)
        self.servers[name] = embedded.start(server, self.places.logs / f"{name}.log")

    def kill(self, name: str) -> None:
        """Takes a server or the worker away without a word."""
        if name == "worker":
            return self.site.kill("runs")
        child = self.servers.pop(name)
        child.kill()
        child.wait()

    def clear(self) -> None:
        """Ends everything."""
        self.site.stop()
        for child in self.servers.values():
            child.send_signal(signal.SIGINT)
            child.wait(20)


@contextmanager
def standing(folder: Path, store: Path, cache: Path, process: str = "runs") -> Iterator[Ground]:
    """Own servers with an empty database of today's tables and one process of the site; this process's connection
    points there meanwhile."""
    before = settings.PLACES, settings.CELERY_BROKER_URL, dict(connections.settings["default"])
    places = Places(settings.PLACES.var.with_name(settings.PLACES.var.name + "-killed"))
    name = str(connections.settings["default"]["NAME"])
    embedded.prepare(places)
    ground = Ground(places, folder, _environment(places, name, store, cache))
    try:
        ground.raise_("postgres")
        ground.raise_("redis")
        _point_at(places, places.redis_url(), addresses.database(places.database_url(embedded.APP, name)))
        database.prepare(name)
        ground.site.start(process)
        yield ground
    finally:
        ground.clear()
        _point_at(before[0], before[1], before[2])


def _point_at(places: Places, broker: str, where: dict[str, Any]) -> None:
    connections["default"].close()
    connections.settings["default"].update(where)
    connections["default"].settings_dict.update(where)
    settings.PLACES, settings.CELERY_BROKER_URL = places, broker
    celery_app.conf.broker_url = broker
    pools.reset()
    celery_app._pool = celery_app.amqp._producer_pool = None


def _environment(places: Places, name: str, store: Path, cache: Path) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "webapp.settings.test",
        "DATABASE_URL": places.database_url(embedded.APP, name),
        "REDIS_URL": places.redis_url(),
        "NEARMISS_STORE": str(store),
        "NEARMISS_CACHE": str(cache),
        "NEARMISS_HEARTBEAT": "1",
        "NEARMISS_LOST_AFTER": "4",
        "NEARMISS_STOP_GRACE": "20",
        "NEARMISS_GPU": "no",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def wait(run: Run, until: Callable[[Run], bool], *, seconds: float = 300) -> Run:
    """Looks at a run until something is true of it, while the clock asks for reaping as it does in production."""
    deadline, asked = time.monotonic() + seconds, 0.0
    while time.monotonic() < deadline:
        with contextlib.suppress(*AWAY):
            found = Run.objects.get(pk=run.pk)
            if until(found):
                return found
            if time.monotonic() > asked + 2:
                asked = time.monotonic()
                with contextlib.suppress(BrokerAway, OSError):
                    wake(REAP_TASK, queue="cpu")
                    wake("workers.tasks.run_next", "cpu", queue="cpu")
        connections["default"].close_if_unusable_or_obsolete()
        time.sleep(0.1)
    raise AssertionError(f"run {run.pk} is {found.state}: {found.progress} {found.failure}")


def ended(run: Run) -> bool:
    """Whether it has ended, well or not."""
    return run.state in (Run.State.SUCCEEDED, Run.State.FAILED, Run.State.CANCELLED)


def child_of(run: Run) -> int | None:
    """The process id of a run's method; other tests beside this one have runs of the same number."""
    place = f"{settings.NEARMISS_CACHE}/runs/{run.pk}/".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"ml_core" in words and place in b" ".join(words) and b"-S" not in words:
                    return int(entry.name)
    return None


def kill_child(run: Run) -> None:
    """kill -9 on the method itself."""
    pid = child_of(run)
    assert pid, "the method is not running"
    os.kill(pid, signal.SIGKILL)
