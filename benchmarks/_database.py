"""A PostgreSQL of the benchmarks' own (var/test-bench), with today's tables, reached as the web's role through Django."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.settings import env

DATABASE = "test_bench"


@contextmanager
def database() -> Iterator[None]:
    """Django is set up on an empty database; PostgreSQL and Redis stop at the end."""
    env.export({"DJANGO_SETTINGS_MODULE": "webapp.settings.test", "NEARMISS_TEST_DB": DATABASE})
    import django

    django.setup()
    from django.conf import settings
    from django.db import connections

    from tests.parts import database as tables
    from tests.parts.servers import Servers
    from webapp.settings import addresses

    servers = Servers(settings.PLACES)
    servers.start()
    settings.CACHES["default"]["LOCATION"] = addresses.cache(settings.PLACES.redis_url(), 1)
    try:
        tables.prepare(DATABASE)
        yield
    finally:
        for connection in connections.all(initialized_only=True):
            connection.close()
        servers.stop()
