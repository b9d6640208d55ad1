"""`python -m webapp.local.worker_healthcheck`: exit status 0 where this machine's Celery worker hears a ping."""

from __future__ import annotations

import socket
import sys

from webapp.broker import app


def worker() -> bool:
    """Whether a worker of this host answers."""
    names = [f"{name}@{socket.gethostname()}" for name in ("runs", "jobs", "probe")]
    return bool(app.control.ping(destination=names, timeout=5, limit=1))


if __name__ == "__main__":
    sys.exit(0 if worker() else 1)
