"""`make run` on one machine: it starts, mends what dies, recovers from kill -9 of anything, and stops cleanly."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.parts.site import free_port
from webapp.local import children, embedded
from webapp.local.places import Places
from webapp.settings import addresses, env

pytestmark = [pytest.mark.alone, pytest.mark.timeout(900)]
CHARGES = ("postgres", "redis", "web", "runs", "jobs", "probe", "beat")


class Local:
    """A local set-up in a folder of its own."""

    def __init__(self, var: Path):
        self.places = Places(var)
        self.port = free_port()
        self.said = ""
        self.process: subprocess.Popen[bytes] | None = None
        self.output = var / "output"

    def start(self, **environment: str) -> None:
        """Starts it and waits for the line that says it is ready."""
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "webapp.local"],
                cwd=env.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
                env=env.passed_on(["PATH", "HOME", "LANG"])
                | {"NEARMISS_VAR": str(self.places.var), "PORT": str(self.port), "NEARMISS_DEMO": "no"}
                | {"NEARMISS_STOP_GRACE": "5", "OMP_NUM_THREADS": "1"}
                | environment,
                preexec_fn=children.die_with_parent(signal.SIGKILL),
            )
        self.wait(lambda: "Ctrl-C stops it." in self.text(), 300)
        self.wait(lambda: "beat" in self.pids())

    def text(self) -> str:
        """What it has said since it was started."""
        return self.output.read_text(errors="replace")

    def pids(self) -> dict[str, int]:
        """The process ids of what is in its charge."""
        try:
            remembered = json.loads((self.places.state / "children.json").read_text())
        except (OSError, ValueError):
            return {}
        return {name: pid for name, (pid, *_) in remembered.items()}

    def healthy(self) -> bool:
        """Whether everything is there, both servers answer and so does the site."""
        pids = self.pids()
        if sorted(pids) != sorted(CHARGES) or not all(children.identity(pid) for pid in pids.values()):
            return False
        return embedded.redis_answers(self.places) and embedded.postgres_answers(self.places) and self.answers()

    def answers(self) -> bool:
        """Whether the site answers and reaches its database."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/healthz", headers={"Host": "localhost"})
            return line.getresponse().status == 200
        except OSError:
            return False
        finally:
            line.close()

    def wait(self, ready: Callable[[], bool], patience: float = 180) -> None:
        """Waits until `ready`; fails with what the set-up has said."""
        deadline = time.monotonic() + patience
        while not ready():
            assert self.process and (self.process.poll() is None or ready()), self.text()[-6000:]
            assert time.monotonic() < deadline, self.text()[-6000:]
            time.sleep(0.1)


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    var = settings.PLACES.var.with_name(settings.PLACES.var.name + "-local")
    local = Local(var)
    yield local
    if local.process and local.process.poll() is None:
        local.process.send_signal(signal.SIGINT)
        local.process.wait(60)
    shutil.rmtree(var, ignore_errors=True)


def test_the_first_start_says_where_the_site_is_and_how_to_get_in(local):
    local.start()
    assert f"http://localhost:{local.port}" in local.text()
    assert "/setup/" in local.text()
    local.wait(local.healthy)


def test_its_sockets_and_secrets_are_closed_to_others(local):
    for folder in (local.places.postgres_socket, local.places.redis_socket.parent, local.places.var / "secrets"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for secret in (local.places.var / "secrets").iterdir():
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "trust" not in [
        word
        for line in (local.places.postgres_data / "pg_hba.conf").read_text().splitlines()
        if not line.startswith("#")
        for word in line.split()
    ]


def test_a_second_one_on_the_same_folder_is_refused(local):
    second = subprocess.run(
        [sys.executable, "-m", "webapp.local"],
        cwd=env.ROOT,
        env=env.passed_on(["PATH", "HOME"]) | {"NEARMISS_VAR": str(local.places.var), "PORT": str(free_port())},
        capture_output=True,
        text=True,
    )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    local.wait(local.healthy)


@pytest.mark.parametrize("name", CHARGES)
def test_what_dies_is_started_again(local, name):
    before = local.pids()
    os.kill(before[name], signal.SIGKILL)
    local.wait(lambda: local.pids().get(name) != before[name])
    local.wait(local.healthy)
    after = local.pids()
    assert {other for other in CHARGES if after[other] != before[other]} == {name}


def test_of_two_web_processes_one_that_dies_is_started_again_while_the_other_answers(local):
    web = local.pids()["web"]
    before = _serving(web)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    assert local.answers() or local.answers(), "a connection that was its own is broken; the next one goes to the other"
    local.wait(lambda: len(set(_serving(web)) - {before[0]}) == 2)
    local.wait(local.healthy)
    assert local.pids()["web"] == web
    assert before[1] in _serving(web)


def _serving(web: int) -> list[int]:
    """The processes of granian that run the application."""
    found = Path(f"/proc/{web}/task/{web}/children").read_text().split()
    return [int(pid) for pid in found if b"multiprocessing.resource_tracker" not in _command(pid)]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_workers_come_back_to_a_queue_that_was_away(local):
    os.kill(local.pids()["redis"], signal.SIGKILL)
    local.wait(local.healthy)
    log = local.places.logs / "jobs.log"
    seen = log.read_text().count("Connected to redis")
    local.wait(lambda: log.read_text().count("Connected to redis") >= max(seen, 2))


@pytest.mark.parametrize("everything", [False, True], ids=["the supervisor", "everything"])
def test_after_kill_nine_the_next_start_recovers(local, everything):
    before = local.pids()
    local.process.kill()
    if everything:
        for pid in before.values():
            os.killpg(pid, signal.SIGKILL)
    local.process.wait()
    local.start()
    local.wait(local.healthy)
    assert not set(before.values()) & set(local.pids().values())
    assert not [pid for pid in before.values() if children.group_members(pid)]


def test_ctrl_c_ends_everything_and_leaves_nothing_running(local):
    before = local.pids()
    local.process.send_signal(signal.SIGINT)
    assert local.process.wait(60) == 0
    assert not [pid for pid in before.values() if children.group_members(pid)]
    assert local.pids() == {}
    assert "Stopped." in local.text()


def test_a_second_start_finds_what_the_first_one_made(local):
    local.start()
    assert "Applying" not in local.text()
    local.wait(local.healthy)


def test_servers_of_ones_own_take_the_place_of_the_embedded_ones(services, tmp_path):
    name = settings.TEST_DATABASE + "_external"
    embedded.make_database(settings.PLACES, name)
    other = Local(settings.PLACES.var.with_name(settings.PLACES.var.name + "-external"))
    other.start(
        DATABASE_URL=settings.PLACES.database_url(embedded.APP, name),
        DATABASE_OWNER_URL=settings.PLACES.database_url(embedded.OWNER, name),
        REDIS_URL=addresses.broker(settings.PLACES.redis_url(), 50),
        NEARMISS_STORE=str(tmp_path / "store"),
    )
    try:
        assert sorted(other.pids()) == ["beat", "jobs", "probe", "runs", "web"]
        other.wait(other.answers)
        assert not other.places.postgres_data.exists()
    finally:
        other.process.send_signal(signal.SIGINT)
        assert other.process.wait(60) == 0
        embedded.drop_database(settings.PLACES, name)
        shutil.rmtree(other.places.var)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as somebody else")
def test_a_home_that_nobody_else_can_enter_is_no_obstacle_for_root(tmp_path):
    tmp_path.chmod(0o700)
    places = Places(tmp_path / "var")
    try:
        embedded.prepare(places)
        assert not places.services.is_relative_to(tmp_path)
        for server in (embedded.postgres(places), embedded.redis(places)):
            child = embedded.start(server, places.logs / f"{server.name}.log")
            child.send_signal(server.stop_signal)
            assert child.wait(20) == 0
    finally:
        shutil.rmtree(places.services, ignore_errors=True)


def test_a_long_path_gets_its_sockets_elsewhere(tmp_path):
    places = Places(tmp_path / ("a" * 90) / "var")
    assert len(str(places.postgres_socket)) < 80
    assert places.sockets != Places(tmp_path / ("b" * 90) / "var").sockets


def test_a_folder_that_somebody_else_holds_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="somebody else"):
        embedded.private_folder(tmp_path / "run")
