"""A PostgreSQL and a Redis of the benchmarks' own (var/test-bench); importing this sets Django up on them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.conf import settings
from django.db import connections

from webapp.settings import env

DATABASE = "test_bench"
env.export({"DJANGO_SETTINGS_MODULE": "webapp.settings.test", "NEARMISS_TEST_DB": DATABASE})
django.setup()


@contextmanager
def database() -> Iterator[None]:
    """An empty database with today's tables, reached as the web's role; the servers stop at the end."""
    servers = Servers(settings.PLACES)
    servers.start()
    settings.CELERY_BROKER_URL = addresses.broker(settings.PLACES.redis_url(), 0)
    settings.CACHES["default"]["LOCATION"] = addresses.cache(settings.PLACES.redis_url(), 1)
    try:
        tables.prepare(DATABASE)
        cache.clear()
        yield
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
        servers.stop()


# Only now: these read the settings.
from django.core.cache import cache  # noqa: E402

from tests.parts import database as tables  # noqa: E402
from tests.parts.servers import Servers  # noqa: E402
from webapp.settings import addresses  # noqa: E402
