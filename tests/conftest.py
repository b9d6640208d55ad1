"""Real parts for every test: PostgreSQL, Redis, a web server, a Celery worker, a browser. Each starts when first needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections

from tests.parts import database
from tests.parts.servers import Servers
from webapp.broker import app as celery_app
from webapp.local import embedded
from webapp.settings import addresses, env

_servers = Servers(settings.PLACES)


def pytest_sessionstart(session: pytest.Session) -> None:
    """With xdist, the first process starts the servers for all."""
    if getattr(session.config.option, "numprocesses", None):
        _servers.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """The servers end with the run."""
    _servers.stop()


@pytest.fixture(scope="session")
def worker_number() -> int:
    """0 for the first xdist worker or a run without xdist; each number has its own database and Redis numbers."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(scope="session")
def services(worker_number: int) -> None:
    """PostgreSQL and Redis are running, and tasks and the cache have Redis databases of their own."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _servers.start()
    url = settings.PLACES.redis_url()
    settings.CELERY_BROKER_URL = addresses.broker(url, 2 * worker_number)
    settings.CACHES["default"]["LOCATION"] = addresses.cache(url, 2 * worker_number + 1)
    celery_app.conf.broker_url = settings.CELERY_BROKER_URL


@pytest.fixture(scope="session")
def django_db_setup(services: None, worker_number: int, django_db_blocker) -> Iterator[None]:
    """The database is there, empty, with the tables of today's code; tests reach it as nearmiss_app."""
    name = settings.TEST_DATABASE + (f"_gw{worker_number}" if "PYTEST_XDIST_WORKER" in os.environ else "")
    with django_db_blocker.unblock():
        database.prepare(name)
    yield
    with django_db_blocker.unblock():
        for connection in connections.all(initialized_only=True):
            connection.close()


@pytest.fixture(autouse=True)
def _no_memory_between_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """The cache (rate limits, sessions) is as empty before a test as the database is."""
    yield
    if "django_db_setup" in request.fixturenames or "services" in request.fixturenames:
        cache.clear()


@pytest.fixture
def owner_line(django_db_setup: None) -> Iterator[object]:
    """A psycopg connection as the role that owns the tables, for tests about rights."""
    with embedded.connect(settings.PLACES, connections.settings["default"]["NAME"], embedded.OWNER) as line:
        yield line


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that need it are skipped, with the reason, where it is absent."""
    folder = env.read("NEARMISS_REAL_DATA")
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set NEARMISS_REAL_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _store_of_its_own(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests write their files into a folder of the run, never into var/."""
    yield
