"""The tasks that messages wake, one call each; what there is to do stands in PostgreSQL."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from celery.signals import worker_shutting_down
from django.db import close_old_connections
from django.utils import timezone

from webapp.broker import (
    BUNDLE_TASK,
    CALCULATION_TASK,
    CAPTIONS_TASK,
    IMPORT_TASK,
    REAP_TASK,
    RUN_TASK,
    TIDY_TASK,
    app,
    wake,
)
from webapp.corpora import importing
from webapp.experiments.lifecycle import claim_run, fail_hopeless
from workers import bundling, calculating, captions, reaping, tidying
from workers.execution import Execution

RUN_QUEUES = ("cpu", "gpu")
_stopping = threading.Event()


@worker_shutting_down.connect
def stop_runs(**about: Any) -> None:
    """Celery is asked to end: running methods write a checkpoint and their runs wait for the next worker."""
    _stopping.set()


@app.task(name=RUN_TASK)
def run_next(queue: str) -> None:
    """Runs what waits, oldest first, one after the other, in every queue of this worker, until nothing waits."""
    close_old_connections()
    fail_hopeless()
    queues = [name for name in RUN_QUEUES if name in app.amqp.queues.consume_from] or [queue]
    while not _stopping.is_set() and (run := claim_run(queues=queues, worker=worker_name())) is not None:
        Execution(run, stopping=_stopping.is_set).go()
    close_old_connections()


@app.task(name=REAP_TASK)
def reap() -> None:
    """Looks for runs whose worker is gone."""
    close_old_connections()
    if reaping.reap():
        for queue in RUN_QUEUES:
            wake(RUN_TASK, queue, queue=queue)
    for run_id in bundling.waiting_bundles():
        wake(BUNDLE_TASK, run_id)


@app.task(name=IMPORT_TASK)
def import_next() -> None:
    """Looks at and brings in data sets that wait, takes up imports whose worker is gone, removes deleted data sets."""
    close_old_connections()
    importing.work(stopping=_stopping.is_set)
    close_old_connections()


@app.task(name=BUNDLE_TASK)
def make_bundle(run_id: int) -> None:
    """Puts a run's inputs into one file."""
    close_old_connections()
    bundling.make_bundle(run_id)
    close_old_connections()


@app.task(name=TIDY_TASK)
def tidy() -> None:
    """Removes what nothing needs any more: files that no row names, sessions and invitations that have expired."""
    close_old_connections()
    tidying.tidy(now=timezone.now())
    close_old_connections()


@app.task(name=CALCULATION_TASK)
def calculate_next() -> None:
    """Computes what pages wait for."""
    close_old_connections()
    calculating.work(stopping=_stopping.is_set)
    close_old_connections()


@app.task(name=CAPTIONS_TASK)
def check_captions() -> None:
    """Reads caption files that people brought."""
    close_old_connections()
    captions.work(stopping=_stopping.is_set)
    close_old_connections()


def worker_name() -> str:
    """Who runs a run, for people."""
    return f"{socket.gethostname()}:{os.getpid()}"
