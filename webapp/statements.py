"""Runs the statements of the busiest requests prepared: planned once a connection, which is most of their cost.

Django's own cursors plan anew every time, which suits statements whose best plan hangs on their values. While queries
are being counted they are used, so that these count too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.utils import DatabaseErrorWrapper


def rows(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a statement returns (each of ours returns rows); the errors are Django's. The text is a constant."""
    if connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cast(list[tuple[Any, ...]], cursor.fetchall())
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection), psycopg.Cursor(connection.connection) as prepared:
        prepared.execute(statement.encode(), values, prepare=True)
        return prepared.fetchall()
