"""`python -m webapp.local.healthcheck web|beat`: exit status 0 where that process of this container is well."""

from __future__ import annotations

import http.client
import sys
import time
from pathlib import Path

from webapp.settings import env

CLOCK_PATIENCE = 600  # beat writes its schedule down every three minutes


def web() -> bool:
    """The web server answers and reaches its database."""
    hosts = env.read("ALLOWED_HOSTS") or ["localhost"]
    line = http.client.HTTPConnection("127.0.0.1", env.read("PORT"), timeout=4)
    try:
        line.request("GET", "/healthz", headers={"Host": hosts[0].lstrip(".")})
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def beat() -> bool:
    """The clock has written its schedule down lately."""
    files = list(Path(env.read("NEARMISS_STATE")).glob("beat*"))
    return any(time.time() - file.stat().st_mtime < CLOCK_PATIENCE for file in files)


CHECKS = {"web": web, "beat": beat}

if __name__ == "__main__":
    sys.exit(0 if CHECKS[sys.argv[1]]() else 1)
