"""Who may do what in the database: the owner migrates, the web and worker role gets exactly the rights it needs."""

from __future__ import annotations

import copy

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from webapp.settings import addresses

OWNER_ALIAS = "owner"


def owner_connection(url: str = "") -> BaseDatabaseWrapper:
    """Django's connection as the tables' owner, under the alias `owner`. Only commands and tests ask for it."""
    url = url or settings.DATABASE_OWNER_URL
    if not url:
        raise ImproperlyConfigured("DATABASE_OWNER_URL is not set: give the address of the role that owns the tables.")
    if OWNER_ALIAS not in connections.settings:
        connections.settings[OWNER_ALIAS] = copy.deepcopy(connections.settings["default"]) | addresses.database(url)
    return connections[OWNER_ALIAS]


def unapplied(owner: BaseDatabaseWrapper) -> bool:
    """Whether the code has migrations that the database has not."""
    executor = MigrationExecutor(owner)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def grant(owner: BaseDatabaseWrapper, role: str, append_only: list[str], unchanging: list[str]) -> None:
    """Gives `role` the rights of the web and its workers on every table of ours, and takes away all others.

    Rows may be read and written, except in histories (`append_only`: read and add), in what is kept as it was
    (`unchanging`: read, add, remove) and in Django's list of migrations (read). Partitions get their rights when they
    are made. The role may create nothing and owns nothing.
    """
    quote = owner.ops.quote_name
    who = quote(role)
    with owner.cursor() as cursor:
        cursor.execute(f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {who}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {who}")
        cursor.execute(
            "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v', 'S') AND NOT relispartition AND relowner = current_user::regrole"
        )
        for name, kind in cursor.fetchall():
            target = f"{'SEQUENCE' if kind == 'S' else 'TABLE'} {quote(name)}"
            cursor.execute(f"REVOKE ALL ON {target} FROM PUBLIC, {who}")
            cursor.execute(f"GRANT {_rights(name, kind, append_only, unchanging)} ON {target} TO {who}")
        cursor.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
            " AND prosecdef AND proname LIKE 'nearmiss\\_%%' AND proowner = current_user::regrole"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
            cursor.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {who}")


def _rights(table: str, kind: str, append_only: list[str], unchanging: list[str]) -> str:
    if kind == "S":
        return "USAGE, SELECT"
    if kind == "v" or table == "django_migrations":
        return "SELECT"
    if table in unchanging:
        return "SELECT, INSERT, DELETE"
    return "SELECT, INSERT" if table in append_only else "SELECT, INSERT, UPDATE, DELETE"
