"""Knows where the request being served comes from: the address and the API token, for the audit trail."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a request comes from. Work outside a request has neither."""

    address: str | None = None
    token: str = ""


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("nearmiss_origin", default=NOWHERE)


def current_origin() -> Origin:
    """The origin of the request this thread serves, or `NOWHERE`."""
    return _current.get()


def set_origin(origin: Origin) -> None:
    """Say where the request comes from that this thread is about to serve."""
    _current.set(origin)
