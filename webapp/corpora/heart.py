"""The heartbeat of a job on an import: tells how far it is, and learns whether it may go on."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop

from webapp.away import AWAY

UNITS = {
    gettext_noop("Drawing pictures"): gettext_noop("pictures"),
    gettext_noop("Reading pictures"): gettext_noop("pictures"),
    gettext_noop("Copying pictures"): gettext_noop("pictures"),
    gettext_noop("Writing captions"): gettext_noop("captions"),
    gettext_noop("Unpacking"): gettext_noop("files"),
}
logger = logging.getLogger(__name__)
INTERVAL = 1.0  # seconds between two beats: how old the progress on a page can be
Listener = Callable[[dict[str, Any]], None]


class Lost(Exception):
    """The import is no longer ours: another attempt has it, or it has ended. Nothing more is written."""


class Cancelled(Exception):
    """Somebody asked for the import to stop."""


class Stopping(Exception):
    """This worker is asked to end; the import is left for the next one."""


class Heart(threading.Thread):
    """Beats while a job runs, on a connection of its own. The job calls `tell`, which raises where it must end."""

    def __init__(self, import_id: int, attempt: int, stopping: Callable[[], bool], listener: Listener | None = None):
        super().__init__(daemon=True, name=f"heart of import {import_id}")
        self._who = (import_id, attempt)
        self._stopping = stopping
        self._listener = listener
        self._progress: dict[str, Any] = {"stage": gettext_noop("Starting")}
        self._began = ("", 0.0, 0)
        self._end: Exception | None = None
        self._over = threading.Event()

    def tell(self, stage: str, done: int, total: int) -> None:
        """`done` of `total` of a stage; raises Lost, Cancelled or Stopping where the job must not go on."""
        now = time.monotonic()
        if self._began[0] != stage or done < self._began[2]:
            self._began = (stage, now, done)
        seconds = now - self._began[1]
        rate = (done - self._began[2]) / seconds if seconds > 0.5 else None
        left = (total - done) / rate if rate and total else None
        unit = UNITS.get(stage, "rows")
        self._progress = {"stage": stage, "done": done, "total": total, "unit": unit, "rate": rate, "eta": left}
        if self._listener:
            self._listener(self._progress)
        self.check()

    def check(self) -> None:
        """Raises where the job must not go on."""
        if self._stopping():
            raise Stopping
        if self._end is not None:
            raise self._end

    def run(self) -> None:
        """Beats until the job is over."""
        try:
            while not self._over.wait(INTERVAL):
                try:
                    self._beat()
                except AWAY:
                    logger.warning("the heart of import %s waits: PostgreSQL is away", self._who[0])
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE corpora_import SET heartbeat_at = now(), progress = %s"
                " WHERE id = %s AND attempt = %s AND state IN ('checking', 'importing')"
                " RETURNING cancel_requested_at IS NOT NULL",
                [json.dumps(self._progress), *self._who],
            )
            row = cursor.fetchone()
        if row is None:
            self._end = Lost()
        elif row[0]:
            self._end = Cancelled()

    def __enter__(self) -> Heart:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.still()

    def still(self) -> None:
        """Ends the beating; called before the job writes its own end."""
        self._over.set()
        self.join()
