"""`python -m webapp.local`: everything on this machine, from the database to the browser's address."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
from functools import partial

from webapp.local import embedded
from webapp.local.places import Places
from webapp.local.processes import Process, everything, manage
from webapp.local.supervisor import AlreadyRunning, Charge, Supervisor, start_child
from webapp.settings import env


def main() -> int:
    """Starts everything and stays until Ctrl-C; 1 if it could not start."""
    os.chdir(env.ROOT)
    began = time.monotonic()
    places = Places(env.read("NEARMISS_VAR"))
    embedded.prepare_folders(places)
    try:
        supervisor = Supervisor(places.state, places.logs)
    except AlreadyRunning as problem:
        print(problem, file=sys.stderr)
        return 1
    if not port_comes_free():
        print(f"Port {env.read('PORT')} is taken. Stop what listens there, or: PORT=8001 make run", file=sys.stderr)
        return 1
    try:
        if not start_servers(supervisor, places) or not prepare(supervisor):
            return 0 if supervisor.stopping else 1
        web, *others = everything(places.state)  # the page first: workers that start beside it would slow it down
        supervisor.add(charge(web))
        if supervisor.wait_until(web_answers, 60):
            supervisor.run_once(
                "nearmiss", manage("welcome", f"--seconds={time.monotonic() - began:.1f}"), environment()
            )
        elif not supervisor.stopping:
            supervisor.say("The web server does not answer yet; its log above says why. Trying on.")
        for process in others:
            supervisor.add(charge(process))
        supervisor.run()
        return 0
    finally:
        supervisor.stop()
        supervisor.say("Stopped.")


def start_servers(supervisor: Supervisor, places: Places) -> bool:
    """The embedded servers that the environment does not replace; True when they answer."""
    wanted = []
    if not env.read("DATABASE_URL"):
        embedded.prepare(places)
        wanted.append(embedded.postgres(places))
    if not env.read("REDIS_URL"):
        embedded.prepare(places)
        wanted.append(embedded.redis(places))
    for server in wanted:
        supervisor.add(Charge(server.name, partial(embedded.spawn, server), server.stop_signal, 30))
    for server in wanted:
        if not supervisor.wait_until(server.ready, 60):
            supervisor.say(f"{server.name} does not answer; its log above says why.")
            return False
    if not env.read("DATABASE_URL"):
        embedded.make_database(places, "nearmiss")
    return True


def prepare(supervisor: Supervisor) -> bool:
    """Migrations, rights, static files and, on a first start, the demo; True if all of it went well."""
    status = supervisor.run_once("setup", manage("prepare_local"), environment())
    if status and not supervisor.stopping:
        supervisor.say("The set-up failed; the lines above say why.")
    return status == 0


def charge(process: Process) -> Charge:
    """A process of ours under the supervisor."""
    return Charge(
        process.name,
        lambda output: start_child(process.command, output, environment() | process.environment),
        process.stop_signal,
        process.grace,
    )


def environment() -> dict[str, str]:
    """What our own processes get: this environment, with the settings named."""
    return {"DJANGO_SETTINGS_MODULE": "webapp.settings.local", "PYTHONUNBUFFERED": "1"} | env.passed_on()


def web_answers() -> bool:
    """Whether the web server answers and reaches its database."""
    line = http.client.HTTPConnection(_web_host(), env.read("PORT"), timeout=5)
    try:
        line.request("GET", "/healthz", headers={"Host": "localhost"})
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()


def port_comes_free(patience: float = 8) -> bool:
    """Whether the web server will get its port; one that was killed just now may hold it a moment longer."""
    deadline = time.monotonic() + patience
    while not (free := port_is_free()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return free


def port_is_free() -> bool:
    """Whether the web server will get its port."""
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            line.bind((_web_host(), env.read("PORT")))
        except OSError:
            return False
    return True


def _web_host() -> str:
    return "127.0.0.1" if env.read("HOST") in {"0.0.0.0", "::"} else env.read("HOST")


if __name__ == "__main__":
    sys.exit(main())
