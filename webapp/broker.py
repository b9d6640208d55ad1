"""The Celery app: JSON messages only, one at a time, acknowledged early; it knows tasks by name, never by import.

A message only wakes a worker. What is to be done stands in PostgreSQL, so a lost or doubled message changes nothing.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from django.conf import settings
from kombu import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings.local")

QUEUES = ("cpu", "gpu", "jobs", "probe")
RUN_TASK = "workers.tasks.run_next"
REAP_TASK = "workers.tasks.reap"
IMPORT_TASK = "workers.tasks.import_next"
BUNDLE_TASK = "workers.tasks.make_bundle"
TIDY_TASK = "workers.tasks.tidy"
CALCULATION_TASK = "workers.tasks.calculate_next"
CAPTIONS_TASK = "workers.tasks.check_captions"
PROBE_TASK = "workers.probe_tasks.answer_next"
DAY = 24 * 3600.0

LONGEST_WAIT = 4  # seconds between two tries to reach Redis; by itself kombu waits longer each time, up to 32


class Line(Connection):
    """A connection that is tried again soon however long Redis was away: it is on this machine or beside it."""

    def ensure_connection(self, *given: Any, **options: Any) -> Connection:
        """Connects, trying again and again."""
        return super().ensure_connection(*given, **({"interval_max": LONGEST_WAIT} | options))


class Lines(AMQP):
    """What Celery makes its connections with."""

    Connection = Line


app = Celery("nearmiss", amqp=Lines)
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    include=["workers.tasks"],
    result_backend=None,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    event_serializer="json",
    task_default_queue="jobs",
    task_create_missing_queues=True,
    task_acks_late=False,
    task_store_eager_result=False,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_hijack_root_logger=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_keepalive": True, "retry_policy": {"max_retries": 3, "interval_max": 0.5}},
    broker_connection_max_retries=None,
    enable_utc=True,
    beat_schedule={
        "reap": {"task": REAP_TASK, "schedule": 15.0, "options": {"queue": "jobs", "expires": 15}},
        "look for imports": {"task": IMPORT_TASK, "schedule": 15.0, "options": {"queue": "jobs", "expires": 15}},
        "tidy": {"task": TIDY_TASK, "schedule": DAY, "options": {"queue": "jobs", "expires": DAY}},
        "look for calculations": {
            "task": CALCULATION_TASK,
            "schedule": 15.0,
            "options": {"queue": "jobs", "expires": 15},
        },
        "look for captions": {"task": CAPTIONS_TASK, "schedule": 15.0, "options": {"queue": "jobs", "expires": 15}},
        "look for probes": {"task": PROBE_TASK, "schedule": 15.0, "options": {"queue": "probe", "expires": 15}},
        "look for runs (cpu)": {
            "task": RUN_TASK,
            "schedule": 20.0,
            "args": ["cpu"],
            "options": {"queue": "cpu", "expires": 20},
        },
        "look for runs (gpu)": {
            "task": RUN_TASK,
            "schedule": 20.0,
            "args": ["gpu"],
            "options": {"queue": "gpu", "expires": 20},
        },
    },
)


def wake(task: str, *arguments: int | str, queue: str = "jobs") -> None:
    """Sends a task by its name; arguments are plain ids and words. Raises kombu's OperationalError if Redis is away."""
    app.send_task(task, args=list(arguments), queue=queue)
