"""Every environment variable of the project: its type, its default, one sentence. The only reader of os.environ."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Variable:
    """One variable. A secret may also come from a file that `NAME_FILE` names."""

    name: str
    kind: type
    default: Any
    text: str
    secret: bool = False


VARIABLES = [
    Variable("DEBUG", bool, False, "Show Django's error pages; production refuses to start with it."),
    Variable("SECRET_KEY", str, "", "Key that signs sessions and links; local set-ups generate one.", secret=True),
    Variable("ALLOWED_HOSTS", list, [], "Host names the site answers to, separated by commas."),
    Variable("CSRF_TRUSTED_ORIGINS", list, [], "Origins (https://host) whose forms are accepted, separated by commas."),
    Variable("SITE_URL", str, "", "Address people reach the site under, for links in invitations and mails."),
    Variable("HOST", str, "127.0.0.1", "Address the web server binds."),
    Variable("PORT", int, 8000, "Port the web server listens on."),
    Variable("WEB_PROCESSES", int, 2, "Processes of the web server, about 120 MiB each; one of them uses one core."),
    Variable("WEB_THREADS", int, 8, "Threads of each process of the web server; each may hold a database connection."),
    Variable("SSL_REDIRECT", bool, True, "Production only: send http visitors to https."),
    Variable("HSTS_SECONDS", int, 31536000, "Production only: how long browsers insist on https."),
    Variable("TRUSTED_PROXIES", int, 0, "Number of reverse proxies in front whose X-Forwarded headers are believed."),
    Variable("DATABASE_URL", str, "", "PostgreSQL address of the web and worker role; empty: embedded.", secret=True),
    Variable("DATABASE_OWNER_URL", str, "", "PostgreSQL address of the role that owns the tables.", secret=True),
    Variable("DATABASE_POOL", int, 10, "Most connections a process keeps; 0 opens one per thread without a pool."),
    Variable("REDIS_URL", str, "", "Redis address for tasks and the cache; empty: embedded.", secret=True),
    Variable("REDIS_CACHE_DB", int, 1, "Redis database number of the cache; tasks use the one in REDIS_URL."),
    Variable("NEARMISS_VAR", Path, ROOT / "var", "Folder of the local set-up: database, queue, store, logs, secrets."),
    Variable(
        "NEARMISS_STORE", str, "", "Where files are kept: a folder or an fsspec address; empty: NEARMISS_VAR/store."
    ),
    Variable(
        "NEARMISS_CACHE", str, "", "Folder for display pictures and downloads in the making; empty: NEARMISS_VAR/cache."
    ),
    Variable("NEARMISS_STATIC", Path, ROOT / "static-root", "Production only: folder of the collected static files."),
    Variable(
        "NEARMISS_STATE", Path, Path("/data/state"), "Containers only: folder where the clock keeps its schedule."
    ),
    Variable(
        "NEARMISS_QUEUES", str, "cpu,gpu", "Queues of runs that the runs worker serves; cpu where a GPU worker exists."
    ),
    Variable("NEARMISS_GPU", str, "auto", "yes, no or auto: whether a worker for the gpu queue has a GPU."),
    Variable(
        "NEARMISS_WORKER_THREADS", int, 2, "Short jobs (imports, previews) that run at once; runs go one at a time."
    ),
    Variable(
        "NEARMISS_PROBE_IDLE", int, 600, "Seconds without a probe after which the encoder it kept in memory is let go."
    ),
    Variable("NEARMISS_STOP_GRACE", int, 60, "Seconds a run gets to write its checkpoint when it is asked to stop."),
    Variable("NEARMISS_HEARTBEAT", int, 10, "Seconds between two heartbeats of a run."),
    Variable("NEARMISS_LOST_AFTER", int, 60, "Seconds without a heartbeat after which a run is started again."),
    Variable("NEARMISS_UPLOAD_LIMIT_MIB", int, 4096, "Largest upload, MiB."),
    Variable("NEARMISS_SETUP_LINK_HOURS", int, 24, "Hours for which the printed set-up link works."),
    Variable("NEARMISS_DEMO", bool, True, "Make the demo project on the first start of the local set-up."),
    Variable("NEARMISS_TEST_DB", str, "test_nearmiss", "Name of the test database and of its folder under var/."),
    Variable("NEARMISS_REAL_DATA", Path, ROOT.parent / "shared" / "data", "Folder of real data that some tests read."),
    Variable(
        "NEARMISS_LABEL_STUDIO",
        Path,
        ROOT / "var" / "peers" / "label-studio",
        "Virtual environment of the Label Studio that benchmarks measure labelling against.",
    ),
    Variable(
        "EMAIL_URL",
        str,
        "",
        "smtp://user:password@host:port of the mail server; empty: links are copied by hand.",
        secret=True,
    ),
    Variable("DEFAULT_FROM_EMAIL", str, "nearmiss@localhost", "Sender of mails."),
    Variable("MODEL_API_URL", str, "", "OpenAI-compatible endpoint for runs that generate text."),
    Variable("MODEL_API_KEY", str, "", "Key of that endpoint; handed only to runs that generate text.", secret=True),
    Variable("COCO_BASE_URL", str, "http://images.cocodataset.org", "Where `manage.py fetch_coco` downloads from."),
    Variable("TIME_ZONE", str, "UTC", "Time zone of dates on pages."),
    Variable("NO_COLOR", str, "", "Anything here keeps colours out of the terminal."),
    Variable("LOG_LEVEL", str, "INFO", "Least severe log level that is written."),
]
_BY_NAME = {variable.name: variable for variable in VARIABLES}


class BadSetting(Exception):
    """A variable whose value does not fit its type."""


def read(name: str) -> Any:
    """The value of a declared variable in its type; KeyError for an undeclared one, BadSetting for a misfit."""
    variable = _BY_NAME[name]
    text = _text(variable)
    if text is None:
        return variable.default
    if variable.kind is bool:
        return _bool(name, text)
    if variable.kind is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return variable.kind(text)
    except ValueError:
        raise BadSetting(f"{name}={text!r} is not a {variable.kind.__name__}: {variable.text}") from None


def passed_on(names: list[str] | None = None) -> dict[str, str]:
    """The process environment for a child: all of it, or only the names given that are set."""
    return dict(os.environ) if names is None else {name: os.environ[name] for name in names if name in os.environ}


def export(values: dict[str, str]) -> None:
    """Sets variables for this process and the ones it starts, which only the test suite does."""
    os.environ.update(values)


def _text(variable: Variable) -> str | None:
    text = os.environ.get(variable.name)
    if variable.secret and not text and os.environ.get(variable.name + "_FILE"):
        path = Path(os.environ[variable.name + "_FILE"])
        try:
            return path.read_text().strip()
        except OSError as problem:
            raise BadSetting(f"{variable.name}_FILE={path} cannot be read: {problem.strerror}") from None
    return text or None


def _bool(name: str, text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name}={text!r} is neither yes nor no")
