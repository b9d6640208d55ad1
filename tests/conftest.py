"""Real parts for every test: PostgreSQL, Redis, a web server, Celery workers, a browser.

Each starts when first needed and is shared by the tests of a run: `db` and `transactional_db` (pytest-django) stand on
the real database as the role the web uses; `live_site` is the site as processes on that same database; `page` and
`new_context` are a browser on it that lets no console error, refused content or failed answer pass.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache, caches
from django.db import connections
from django.utils import translation

from tests.parts import database
from tests.parts.servers import Servers
from tests.parts.sharing_out import SharingOut, turn
from tests.parts.site import Site, Watch
from webapp.broker import app as celery_app
from webapp.local import embedded
from webapp.settings import addresses, env

CHROMIUM = Path("/usr/bin/chromium")
BROWSER_FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

env.export(
    {"DJANGO_ALLOW_ASYNC_UNSAFE": "true", "HF_HUB_OFFLINE": "1"}
)  # playwright keeps an event loop in this thread
hypothesis.settings.register_profile("suite", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("suite")
_servers = Servers(settings.PLACES)
_sites: list[Site] = []


def pytest_sessionstart(session: pytest.Session) -> None:
    """With xdist, the first process starts the servers for all."""
    if getattr(session.config.option, "numprocesses", None):
        _servers.start()
    else:
        gc.disable()  # while hundreds of modules are loaded there is nothing to collect


def pytest_unconfigure(config: pytest.Config) -> None:
    """The servers end with the run."""
    _servers.stop()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lasts long begins first, so that no process of a parallel run works on while the others have ended."""
    items.sort(key=turn)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is loaded by now stays to the end: it is not looked through again each time memory is collected."""
    gc.enable()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharingOut:
    """Tests that share a dear part stay together."""
    config.option.loadscopereorder = False
    return SharingOut(config, log)


@pytest.fixture(scope="session")
def worker_number() -> int:
    """0 for the first xdist worker or a run without xdist; each number has its own database and Redis numbers."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@pytest.fixture(autouse=True)
def _language_of_the_test() -> Iterator[None]:
    """A request leaves its language on the thread; the next test begins with the default."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def _files_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests keep their files in a folder of the run, never in var/store."""
    folder = tmp_path_factory.mktemp("site")
    settings.NEARMISS_STORE = str(folder / "store")
    settings.NEARMISS_CACHE = folder / "cache"
    (folder / "store").mkdir()
    (folder / "cache").mkdir()


@pytest.fixture(scope="session")
def services(worker_number: int) -> None:
    """PostgreSQL and Redis are running, and tasks and the cache have Redis databases of their own."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _servers.start()
    url = settings.PLACES.redis_url()
    settings.CELERY_BROKER_URL = addresses.broker(url, 2 * worker_number)
    settings.CACHES["default"]["LOCATION"] = addresses.cache(url, 2 * worker_number + 1)
    if caches.all(initialized_only=True):  # a test without a database was first: its cache is everybody's
        del caches["default"]
    celery_app.conf.broker_url = settings.CELERY_BROKER_URL


@pytest.fixture(scope="session")
def django_db_setup(services: None, worker_number: int, django_db_blocker: Any) -> Iterator[None]:
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
    """The cache (rate limits) is as empty after a test as the database is."""
    yield
    if "services" in request.fixturenames or "django_db_setup" in request.fixturenames:
        cache.clear()


@pytest.fixture
def owner_line(django_db_setup: None) -> Iterator[Any]:
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


@pytest.fixture(scope="session")
def site_processes(
    django_db_setup: None, _files_of_the_run: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The site's processes, started once a run."""
    name = connections.settings["default"]["NAME"]
    site = Site(
        tmp_path_factory.mktemp("logs"),
        {
            "DJANGO_SETTINGS_MODULE": "webapp.settings.test",
            "DATABASE_URL": settings.PLACES.database_url(embedded.APP, name),
            "DATABASE_POOL": "6",
            "REDIS_URL": settings.CELERY_BROKER_URL,
            "REDIS_CACHE_DB": settings.CACHES["default"]["LOCATION"].rpartition("=")[2],
            "NEARMISS_STORE": settings.NEARMISS_STORE,
            "NEARMISS_CACHE": str(settings.NEARMISS_CACHE),
            "NEARMISS_HEARTBEAT": "1",
            "NEARMISS_LOST_AFTER": "6",
            "NEARMISS_STOP_GRACE": "15",
            "OMP_NUM_THREADS": "1",
            "PYTHONUNBUFFERED": "1",
        },
    )
    _sites.append(site)
    try:
        site.start()
        yield site
    finally:
        _sites.remove(site)
        site.stop()


@pytest.fixture
def no_workers(db: None) -> None:
    """No worker of the site takes up what this test launches: the test does that work itself."""
    for site in _sites:
        site.stop_workers()


@pytest.fixture
def live_site(request: pytest.FixtureRequest, transactional_db: None, site_processes: Site) -> Iterator[Site]:
    """The running site on this test's database (rows made here show there); fails on an error in the web's log."""
    site_processes.ensure(*(["web"] if "no_workers" in request.fixturenames else []))
    site_processes.news("web")
    settings.SITE_URL = site_processes.url
    yield site_processes
    said = site_processes.news("web")
    assert "Traceback (most recent call last)" not in said, said[-6000:]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium where there is one, else the one that playwright has installed."""
    found = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
    return browser_type_launch_args | found | {"args": [*BROWSER_FLAGS, "--no-first-run"]}


@pytest.fixture
def watch() -> Watch:
    """What pages did that they may not; `watch.allow(pattern)` for a journey that provokes it."""
    return Watch()


@pytest.fixture
def new_context(new_context: Callable[..., Any], live_site: Site, watch: Watch) -> Iterator[Callable[..., Any]]:
    """Browser contexts on the site (one per person), watched; addresses may be given without the host."""

    def make(**options: Any) -> Any:
        context = new_context(**({"base_url": live_site.url} | options))
        watch.attach(context)
        return context

    yield make
    assert watch.remaining() == []


@pytest.fixture
def sign_in(live_site: Site) -> Callable[[Any, Any], None]:
    """`sign_in(page_or_context, user)`: from now on this browser belongs to that person."""

    def enter(where: Any, user: Any) -> None:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        context = getattr(where, "context", where)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_site.url}
        context.add_cookies([cookie | {"httpOnly": True}])

    return enter
