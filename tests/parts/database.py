"""The test database: tables owned by nearmiss_owner, tests run as nearmiss_app, made again when a model changes.

So a right that is missing in production is missing here. What only the owner may do (emptying tables between
transactional tests) goes over a connection of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.testcases import TransactionTestCase
from psycopg import sql

from webapp.local import embedded
from webapp.local.doors import OWNER_ALIAS, grant, owner_connection
from webapp.settings import env

KEPT = ("django_migrations", "django_content_type", "auth_permission")


def prepare(name: str) -> None:
    """Database `name` has today's tables, all empty, and Django's default connection reaches it as nearmiss_app."""
    connections.settings["default"]["NAME"] = name
    fingerprint = schema_fingerprint()
    if known_fingerprint(name) == fingerprint:
        empty(name)
    else:
        _make(name, fingerprint)
    with _owner(name) as owner:
        grant(owner, embedded.APP, settings.APPEND_ONLY_TABLES, settings.UNCHANGING_TABLES)
    TransactionTestCase._fixture_teardown = lambda case: empty(name)  # type: ignore[attr-defined]


def _make(name: str, fingerprint: str) -> None:
    """The tables are made once, in a database that the processes of a run then copy."""
    places, template = settings.PLACES, settings.TEST_DATABASE + "_template"
    with embedded.connect(places, "postgres") as line:
        line.execute("SELECT pg_advisory_lock(2)")  # released with the connection
        if known_fingerprint(template) != fingerprint:
            embedded.drop_database(places, template)
            embedded.make_database(places, template)
            with _owner(template):
                call_command("migrate", database=OWNER_ALIAS, interactive=False, verbosity=0, run_syncdb=True)
            _mark(line, template, fingerprint)
        embedded.drop_database(places, name)
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        line.execute(statement.format(*(sql.Identifier(word) for word in (name, embedded.OWNER, template))))
        embedded.make_database(places, name)
        _mark(line, name, fingerprint)


@contextmanager
def _owner(name: str) -> Iterator[BaseDatabaseWrapper]:
    owner = owner_connection(settings.PLACES.database_url(embedded.OWNER, name))
    try:
        yield owner
    finally:
        owner.close()
        del connections[OWNER_ALIAS], connections.settings[OWNER_ALIAS]


def _mark(line: psycopg.Connection, name: str, fingerprint: str) -> None:
    line.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), fingerprint))


def schema_fingerprint() -> str:
    """SHA-256 (hex) over everything that shapes the tables and the rights on them."""
    digest = hashlib.sha256(repr((settings.APPEND_ONLY_TABLES, settings.UNCHANGING_TABLES)).encode())
    patterns = ("*/migrations/*.py", "*/*models*.py", "**/*sql*", "local/doors.py", "accounts/capabilities.py")
    for path in sorted({path for pattern in patterns for path in (env.ROOT / "webapp").glob(pattern)}):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def known_fingerprint(name: str) -> str | None:
    """The fingerprint the database was made with; None if there is no such database."""
    with embedded.connect(settings.PLACES, "postgres") as line:
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        row = line.execute(query, [name]).fetchone()
    return row[0] if row else None


def empty(name: str) -> None:
    """Every table of ours is empty and every partition gone; keys go on counting, so nothing meets an old number."""
    with embedded.connect(settings.PLACES, name) as line:
        try:
            _empty(line)
        except (
            psycopg.errors.LockNotAvailable,
            psycopg.errors.DeadlockDetected,
        ):  # a server under test still holds a transaction: end it
            line.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = %s",
                [embedded.APP],
            )
            _empty(line)


def _empty(line: psycopg.Connection) -> None:
    """Deletes where there is something: to truncate all tables takes a quarter of a second, after hundreds of tests."""
    line.execute("SET lock_timeout = '5s'")
    partitions = line.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND (relispartition OR relname ~ '_p[0-9]+$')"
    ).fetchall()
    for (table,) in partitions:
        line.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))
    tables = line.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname <> ALL(%s)",
        [list(KEPT)],
    ).fetchall()
    if tables:
        with line.transaction():
            _delete(line, [table for (table,) in tables])


def _delete(line: psycopg.Connection, tables: list[str]) -> None:
    names = sql.SQL(", ").join(sql.Identifier(table) for table in tables)
    line.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(names))  # waits for whoever still writes
    line.execute("SET LOCAL session_replication_role = replica")  # keys to rows that go as well
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(table), sql.Identifier(table))
        for table in tables
    ]
    for (table,) in line.execute(sql.SQL(" UNION ALL ").join(asked)).fetchall():
        line.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
