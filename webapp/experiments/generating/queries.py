"""What is known of the model endpoint: whether it is set, by whom, which models it has. Its key leaves by one function,
for the worker alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken

from webapp.experiments.models import ModelEndpoint
from webapp.sealing import sealer
from webapp.settings import env

PURPOSE = "model endpoint"


@dataclass(frozen=True)
class EndpointShown:
    """The endpoint as pages show it: never its key."""

    base_url: str
    models: list[str]
    has_key: bool
    from_environment: bool  # the address comes from MODEL_API_URL
    changed_by: str
    changed_at: datetime | None

    @property
    def is_set(self) -> bool:
        """Whether runs can ask it."""
        return bool(self.base_url)


class KeyLost(Exception):
    """The key was sealed under another SECRET_KEY."""


def endpoint_shown() -> EndpointShown:
    """What administrators see. An address set here wins over the one in the environment."""
    row = ModelEndpoint.objects.select_related("changed_by").first()
    if row is None or not row.base_url:
        models = row.model_names if row else []
        url = str(env.read("MODEL_API_URL"))
        return EndpointShown(url, models, bool(url and env.read("MODEL_API_KEY")), bool(url), *_changed(row))
    return EndpointShown(row.base_url, row.model_names, bool(row.sealed_key), False, *_changed(row))


def address_and_key() -> tuple[str, str]:
    """For the child of a run that asks the endpoint; ("", "") where none is set. KeyLost where it cannot be opened."""
    row = ModelEndpoint.objects.first()
    if row is None or not row.base_url:
        return str(env.read("MODEL_API_URL")), str(env.read("MODEL_API_KEY"))
    if not row.sealed_key:
        return row.base_url, ""
    try:
        return row.base_url, sealer(PURPOSE).decrypt(row.sealed_key.encode()).decode()
    except InvalidToken:
        raise KeyLost from None


def _changed(row: ModelEndpoint | None) -> tuple[str, datetime | None]:
    if row is None:
        return "", None
    return row.changed_by.username if row.changed_by else "", row.changed_at
