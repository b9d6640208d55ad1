"""Where the database, Redis and the store are: where the environment says, else the embedded ones under var/."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from webapp.local.places import Places
from webapp.settings import addresses, env


def settings_for(places: Places, *, database_name: str = "nearmiss", pool: int | None = None) -> dict[str, Any]:
    """The settings that name a server or a folder, ready to be merged into a settings module."""
    database_url = env.read("DATABASE_URL") or places.database_url("nearmiss_app", database_name)
    owner_url = env.read("DATABASE_OWNER_URL")
    if not owner_url and not env.read("DATABASE_URL"):
        owner_url = places.database_url("nearmiss_owner", database_name)
    redis_url = env.read("REDIS_URL") or places.redis_url()
    return {
        "DATABASES": {
            "default": addresses.database(database_url, pool=env.read("DATABASE_POOL") if pool is None else pool)
        },
        "DATABASE_OWNER_URL": owner_url,
        "CELERY_BROKER_URL": redis_url,
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": addresses.cache(redis_url, env.read("REDIS_CACHE_DB")),
                "KEY_PREFIX": "nearmiss",
            }
        },
        "NEARMISS_STORE": env.read("NEARMISS_STORE") or str(places.store),
        "NEARMISS_CACHE": Path(env.read("NEARMISS_CACHE") or places.cache),
    }


def mail(url: str) -> dict[str, Any]:
    """Django's mail settings for `smtp://user:password@host:port` (`smtps` for TLS from the start, else STARTTLS)."""
    if not url:
        return {}
    parts = urlsplit(url)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_TIMEOUT": 10,
    }
