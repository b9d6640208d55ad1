"""The site with production settings, on real servers: https only, cookies closed, health asked from inside."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connections

from tests.parts.site import free_port
from webapp.local import children, embedded
from webapp.settings import addresses, env

Ask = Callable[..., http.client.HTTPResponse]


@pytest.fixture(scope="module")
def environment(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("production")
    (folder / "database_url").write_text(
        settings.PLACES.database_url(embedded.APP, connections.settings["default"]["NAME"])
    )
    collecting = {"DJANGO_SETTINGS_MODULE": "webapp.settings.local", "NEARMISS_VAR": str(folder / "var")}
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"],
        cwd=env.ROOT,
        env=env.passed_on(["PATH", "HOME"]) | collecting,
        check=True,
    )
    return env.passed_on(["PATH", "HOME"]) | {
        "NEARMISS_STATIC": str(folder / "var" / "static"),
        "DJANGO_SETTINGS_MODULE": "webapp.settings.production",
        "SECRET_KEY": "production-" + "a9Xw_Q2z" * 8,
        "ALLOWED_HOSTS": "nearmiss.example.org",
        "DATABASE_URL_FILE": str(folder / "database_url"),
        "REDIS_URL": addresses.broker(settings.PLACES.redis_url(), 60),
        "NEARMISS_STORE": str(folder / "store"),
        "NEARMISS_CACHE": str(folder / "cache"),
        "NEARMISS_VAR": str(folder / "var"),
        "TRUSTED_PROXIES": "1",
        "PORT": str(free_port()),
    }


@pytest.fixture(scope="module")
def ask(environment: dict[str, str]) -> Iterator[Ask]:
    """Asks the site started the way a container starts it."""
    child = subprocess.Popen(
        [sys.executable, "-m", "webapp.local.start", "web"],
        cwd=env.ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=children.die_with_parent(),
    )

    def ask(path: str, **headers: str) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", int(environment["PORT"]), timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request("GET", path, headers={"Host": "nearmiss.example.org"} | named)
        answer = line.getresponse()
        answer.read()
        return answer

    deadline = time.monotonic() + 60
    while True:
        try:
            ask("/healthz")
            break
        except OSError:
            assert child.poll() is None and time.monotonic() < deadline, child.stdout.read() if child.stdout else ""
            time.sleep(0.1)
    yield ask
    child.terminate()
    child.wait(20)


def test_visitors_over_http_are_sent_to_https(ask):
    answer = ask("/")
    assert answer.status == 301
    assert answer.headers["Location"] == "https://nearmiss.example.org/"


def test_browsers_are_told_to_insist_on_https(ask):
    answer = ask("/healthz", X_Forwarded_Proto="https")
    assert answer.status == 200
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]


def test_another_host_name_is_refused(ask):
    assert ask("/healthz", Host="evil.example.org").status == 400


def test_a_visitor_is_sent_to_the_login_page(ask):
    answer = ask("/", X_Forwarded_Proto="https")
    assert answer.status == 302
    assert answer.headers["Location"].startswith("/account/login/")


def test_the_container_asks_after_its_own_health(ask, environment):
    well = [sys.executable, "-m", "webapp.local.healthcheck", "web"]
    assert subprocess.run(well, cwd=env.ROOT, env=environment).returncode == 0
    assert subprocess.run(well, cwd=env.ROOT, env=environment | {"PORT": str(free_port())}).returncode == 1


def test_a_worker_container_is_ill_while_no_worker_hears_it(ask, environment):
    ask("/healthz")
    well = [sys.executable, "-m", "webapp.local.worker_healthcheck"]
    assert subprocess.run(well, cwd=env.ROOT, env=environment, capture_output=True).returncode == 1
    worker = subprocess.Popen(
        [sys.executable, "-m", "webapp.local.start", "jobs"],
        cwd=env.ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=children.die_with_parent(),
    )
    deadline = time.monotonic() + 60
    while subprocess.run(well, cwd=env.ROOT, env=environment, capture_output=True).returncode:
        assert worker.poll() is None and time.monotonic() < deadline
    worker.terminate()
    worker.wait(30)


def test_the_database_is_prepared_only_by_somebody_who_knows_its_owner(environment):
    done = subprocess.run(
        [sys.executable, "manage.py", "prepare_database"], cwd=env.ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "DATABASE_OWNER_URL is not set" in done.stderr
