"""The Celery app of the worker that answers probes: the one of all workers, with nothing of what the others load."""

from webapp.broker import app

app.conf.include = ["workers.probe_tasks"]

__all__ = ["app"]
