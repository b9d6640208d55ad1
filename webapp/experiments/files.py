"""Where the store keeps what runs leave: `run/ID/attempt-N/…`."""

from __future__ import annotations

from django.conf import settings

from ml_core.store import Store


def store() -> Store:
    """The installation's store."""
    return Store(settings.NEARMISS_STORE)


def run_prefix(run_id: int) -> str:
    """Everything of a run."""
    return f"run/{run_id}"


def attempt_prefix(run_id: int, attempt: int) -> str:
    """What one attempt of a run left."""
    return f"{run_prefix(run_id)}/attempt-{attempt}"


def url_of(key: str) -> str:
    """The address of a key, for programs that open it themselves."""
    return f"{str(settings.NEARMISS_STORE).rstrip('/')}/{key}"
