"""Runs the statements of labelling prepared: each connection plans them once, and that is most of what they cost.

Django's own cursors plan anew every time. While queries are being counted they are used, so that these count too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.utils import DatabaseErrorWrapper


def rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement returns (each of ours returns rows); the errors are Django's."""
    if connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cast(list[tuple[Any, ...]], cursor.fetchall())
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection), psycopg.Cursor(connection.connection) as prepared:
        prepared.execute(statement.encode(), values, prepare=True)
        return prepared.fetchall()
