"""Hands out the pool's connections: one that is gone is seen by its socket, one that has rested for long is asked."""

from __future__ import annotations

import select
import time
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

LONG = 30.0  # seconds; what lies between may have forgotten a connection that rested for longer
_rested: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()  # when each was last given back


class DatabaseWrapper(base.DatabaseWrapper):
    """Asking the server whether it is there is a round trip in every request; a server that ended closed its end."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that is alive: from the pool where there is one."""
        while True:
            connection = super().get_new_connection(conn_params)
            if not self.pool or _is_alive(connection):
                return connection
            connection.close()
            self.pool.putconn(connection)  # which opens another in its place

    def _close(self) -> None:
        if self.pool and self.connection is not None:
            _rested[self.connection] = time.monotonic()
        super()._close()  # type: ignore[misc]  # Django's, which its types leave out


def _is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Nothing waits to be read on a connection at rest, unless its other end is gone or has something to tell."""
    told = select.poll()
    told.register(connection.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
    quiet = not told.poll(0)
    if quiet and time.monotonic() - _rested.get(connection, 0.0) < LONG:
        return connection.info.transaction_status == TransactionStatus.IDLE
    try:
        connection.execute("")
    except psycopg.OperationalError:
        return False
    return True
