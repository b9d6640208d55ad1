"""Runs the statements of the busiest requests prepared: planned once a connection, which is most of their cost.

Django's own cursors plan anew every time, which suits statements whose best plan hangs on their values. While queries
are being counted they are used, so that these count too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, cast

import psycopg
from django.db import connection, transaction
from django.db.utils import DatabaseErrorWrapper


def together(*asked: tuple[str, Mapping[str, Any]], atomic: bool = True) -> list[list[tuple[Any, ...]]]:
    """What each of several statements returns that are sent at once and answered at once: one way there and back.

    They run one after the other, each on what those before it and everybody else have done by then, and are one
    transaction (part of the one that is open already): where one fails, nothing of them all is kept. `atomic` says
    whether that matters, which it does not where they only read.
    """
    if connection.queries_logged:
        with transaction.atomic() if atomic else nullcontext():
            return [rows(statement, values) for statement, values in asked]
    connection.ensure_connection()
    with DatabaseErrorWrapper(connection):
        line = connection.connection
        cursors = [psycopg.Cursor(line) for _ in asked]
        with line.pipeline():  # what is sent before the one sync at its end is one transaction to PostgreSQL
            for cursor, (statement, values) in zip(cursors, asked, strict=True):
                cursor.execute(statement.encode(), values, prepare=True)
        return [cursor.fetchall() for cursor in cursors]


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
