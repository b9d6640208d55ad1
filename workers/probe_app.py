"""The Celery app of the worker that answers probes: the one of all workers, with nothing of what the others load."""

from webapp.broker import app

app.conf.include = ["workers.probe_tasks"]
app.conf.worker_disable_prefetch = False  # a worker that fetches none ahead waits a second after each task

__all__ = ["app"]
