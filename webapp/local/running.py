"""The database for a command beside the site: the running one, or the embedded one started for as long as it takes."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.local import embedded
from webapp.local.places import Places
from webapp.settings import env


def places() -> Places:
    """The folders of the local set-up."""
    return Places(env.read("NEARMISS_VAR"))


def site_runs() -> bool:
    """Whether a supervisor holds the local set-up's folder."""
    lock = places().state / "lock"
    if not lock.exists():
        return False
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def database() -> Iterator[Path | None]:
    """PostgreSQL answers inside this block; yields the folder of its programs (None: those on the path)."""
    if env.read("DATABASE_URL"):
        yield embedded.programs_of_the_wheel()
        return
    here = places()
    if embedded.postgres_answers(here):
        yield embedded.programs_of_the_wheel()
        return
    embedded.prepare(here)
    server = embedded.postgres(here)
    child = embedded.start(server, here.logs / "postgres.log")
    try:
        embedded.make_database(here, "nearmiss")
        yield embedded.programs_of_the_wheel()
    finally:
        child.send_signal(server.stop_signal)
        child.wait(30)
