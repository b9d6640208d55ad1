"""The one task of the worker that answers probes."""

from __future__ import annotations

import threading
from typing import Any

from celery.signals import worker_shutting_down
from django.db import close_old_connections

from webapp.broker import PROBE_TASK, app
from workers import probing

_stopping = threading.Event()


@worker_shutting_down.connect
def stop(**about: Any) -> None:
    """Celery is asked to end: what waits is left to the next worker."""
    _stopping.set()


@app.task(name=PROBE_TASK)
def answer_next() -> None:
    """Answers what waits; the clock's call lets go of an idle encoder."""
    close_old_connections()
    probing.work(stopping=_stopping.is_set)
    close_old_connections()
