"""Turns addresses of databases and Redis into what Django and Celery want."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from psycopg.conninfo import conninfo_to_dict

# Django's default, none, would also refuse to prepare the statements that ask for it.
NEVER_BY_ITSELF = 2**31
# What is prepared is planned once for all values: a plan for a campaign that the statistics do not know yet is a
# plan for one row. Statements that are not prepared are planned for their values as ever.
ONE_PLAN = "-c plan_cache_mode=force_generic_plan"


def database(url: str, *, pool: int = 0) -> dict[str, Any]:
    """Django's database settings for `postgresql://user:password@host:port/name?host=/socket/folder`."""
    parts: dict[str, Any] = dict(conninfo_to_dict(url))
    settings = {
        "ENGINE": "webapp.postgres",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": parts
        | {"prepare_threshold": NEVER_BY_ITSELF, "options": f"{parts.get('options', '')} {ONE_PLAN}".strip()},
        "CONN_HEALTH_CHECKS": not pool,  # webapp.postgres looks at a pool's connections itself
    }
    if pool:
        settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": pool, "timeout": 10}
    return settings


def cache(broker_url: str, number: int) -> str:
    """redis-py's address of database `number` on the Redis that Celery reaches under `broker_url`."""
    parts = urlsplit(broker_url)
    if parts.scheme == "redis+socket":
        return parts._replace(scheme="unix", query=urlencode({"db": number})).geturl()
    return parts._replace(path=f"/{number}").geturl()


def broker(broker_url: str, number: int) -> str:
    """Celery's address of database `number` on the same Redis."""
    parts = urlsplit(broker_url)
    if parts.scheme == "redis+socket":
        return parts._replace(query=urlencode({"virtual_host": number})).geturl()
    return parts._replace(path=f"/{number}").geturl()
