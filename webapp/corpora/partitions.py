"""Partitions of the big tables, one per data set or run: made empty, filled by COPY, attached, dropped.

Everything happens on the connection given and in its transaction; see `partition_sql` for what the database does.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from webapp.corpora.partition_sql import PARENTS


def partition_name(parent: str, key: int) -> str:
    """Name of the table that holds the rows of one data set or run; ValueError for a table that has no partitions."""
    if parent not in PARENTS or key <= 0:
        raise ValueError(f"no partition {key} of {parent}")
    return f"{parent}_p{key}"


def create_partition(connection: BaseDatabaseWrapper, parent: str, key: int) -> str:
    """A new empty table beside `parent`, without indexes; rows may be copied into the name returned."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nearmiss_create_partition(%s, %s)", [parent, key])
        return str(cursor.fetchone()[0])


def attach_partition(connection: BaseDatabaseWrapper, parent: str, key: int) -> None:
    """Indexes the filled table and makes it part of `parent`; IntegrityError if a row belongs to another key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nearmiss_attach_partition(%s, %s)", [parent, key])


def drop_partition(connection: BaseDatabaseWrapper, parent: str, key: int) -> bool:
    """Removes the rows and gives their space back; False if there were none. OperationalError if readers hold it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nearmiss_drop_partition(%s, %s)", [parent, key])
        return bool(cursor.fetchone()[0])
