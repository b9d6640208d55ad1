"""Settings: production refuses open doors, secrets may come from files, every variable is explained."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from webapp.settings import addresses, env

GOOD = {
    "DJANGO_SETTINGS_MODULE": "webapp.settings.production",
    "SECRET_KEY": "kR7-" + "a9Xw_Q2z" * 8,
    "ALLOWED_HOSTS": "nearmiss.example.org",
    "DATABASE_URL": "postgresql://a:b@db/nearmiss",
    "DATABASE_OWNER_URL": "postgresql://o:b@db/nearmiss",
    "REDIS_URL": "redis://queue:6379/0",
    "NEARMISS_STORE": "s3://bucket/nearmiss",
}


def boot(code: str = "", **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Starts Django with production settings in a process of its own and runs `code`."""
    wanted = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); from django.conf import settings\n{code}"],
        cwd=env.ROOT,
        env=env.passed_on(["PATH", "HOME"]) | wanted,
        capture_output=True,
        text=True,
    )


def test_production_starts_with_everything_it_needs():
    done = boot("print(settings.DEBUG, settings.SITE_URL, settings.DATABASES['default']['HOST'])")
    assert done.stdout == "False https://nearmiss.example.org db\n", done.stderr


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"DEBUG": "1"}, "DEBUG is on"),
        ({"SECRET_KEY": None}, "SECRET_KEY is missing or weak"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is missing or weak"),
        ({"SECRET_KEY": "a" * 60}, "SECRET_KEY is missing or weak"),
        ({"SECRET_KEY": "django-insecure-" + "a9Xw_Q2z" * 8}, "SECRET_KEY is missing or weak"),
        ({"ALLOWED_HOSTS": None}, "ALLOWED_HOSTS is empty or open"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS is empty or open"),
        ({"ALLOWED_HOSTS": "good.example.org,*"}, "ALLOWED_HOSTS is empty or open"),
        ({"ALLOWED_HOSTS": ".org"}, "ALLOWED_HOSTS is empty or open"),
        ({"DATABASE_URL": None}, "DATABASE_URL is not set"),
        ({"REDIS_URL": None}, "REDIS_URL is not set"),
        ({"NEARMISS_STORE": None}, "NEARMISS_STORE is not set"),
        ({"DEBUG": "perhaps"}, "neither yes nor no"),
        ({"WEB_THREADS": "many", "DATABASE_POOL": "ten"}, "is not a int"),
        ({"SECRET_KEY": None, "SECRET_KEY_FILE": "/nonexistent"}, "cannot be read"),
    ],
)
def test_production_refuses_to_start(changes, reason):
    done = boot(**changes)
    assert done.returncode != 0
    assert reason in done.stderr


def test_production_has_its_doors_locked():
    done = boot(
        "print(settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT,"
        " settings.SECURE_HSTS_SECONDS >= 31536000, settings.SESSION_COOKIE_HTTPONLY)"
    )
    assert done.stdout == "True True True True True\n", done.stderr


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text(GOOD["SECRET_KEY"] + "\n")
    done = boot("print(settings.SECRET_KEY)", SECRET_KEY=None, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert done.stdout.strip() == GOOD["SECRET_KEY"]


def test_every_variable_says_what_it_is_for_in_one_sentence():
    for variable in env.VARIABLES:
        assert variable.text.endswith("."), variable.name
        assert variable.default is not None or variable.kind is str
    assert len({variable.name for variable in env.VARIABLES}) == len(env.VARIABLES)


def test_the_operations_page_lists_every_variable():
    page = (env.ROOT / "docs" / "operations.md").read_text()
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    missing = [variable.name for variable in env.VARIABLES if variable.text not in rows.get(variable.name, "")]
    assert missing == []


def test_nothing_else_reads_the_environment():
    reading = re.compile(r"os\.environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|os\.getenv")
    guilty = [
        str(path.relative_to(env.ROOT))
        for package in ("webapp", "workers")
        for path in (env.ROOT / package).rglob("*.py")
        if path != env.ROOT / "webapp" / "settings" / "env.py" and reading.search(path.read_text())
    ]
    assert guilty == []


@pytest.mark.parametrize(
    ("broker", "cache", "other"),
    [
        ("redis://:p@h:6379/0", "redis://:p@h:6379/3", "redis://:p@h:6379/4"),
        ("rediss://h/2", "rediss://h/3", "rediss://h/4"),
        ("redis+socket://:p@/run/r.sock", "unix://:p@/run/r.sock?db=3", "redis+socket://:p@/run/r.sock?virtual_host=4"),
    ],
)
def test_the_cache_stands_beside_the_tasks_on_one_redis(broker, cache, other):
    assert addresses.cache(broker, 3) == cache
    assert addresses.broker(broker, 4) == other


def test_a_database_address_keeps_its_options():
    found = addresses.database("postgresql://me:se%40cret@h:5433/d?sslmode=require", pool=4)
    assert (found["NAME"], found["USER"], found["PASSWORD"], found["HOST"], found["PORT"]) == (
        "d",
        "me",
        "se@cret",
        "h",
        "5433",
    )
    assert found["OPTIONS"]["sslmode"] == "require"
    assert found["OPTIONS"]["pool"]["max_size"] == 4
