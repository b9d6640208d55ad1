"""One worker at a time at one thing: a lock of PostgreSQL's by name, which goes with whoever held it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import connection

from webapp.away import AWAY


@contextlib.contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is at what is named so; they will not be until the block ends, or this process does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free:
            with contextlib.suppress(*AWAY), connection.cursor() as cursor:  # a lost connection has let go already
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
