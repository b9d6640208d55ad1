"""The Celery app of the worker that answers probes: the one of all workers, with nothing of what the others load."""

from webapp.broker import app

app.conf.include = ["workers.probe_tasks"]
app.conf.worker_disable_prefetch = False  # after a task, a worker that fetches none ahead looks again only a second later

__all__ = ["app"]
