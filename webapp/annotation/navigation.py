"""The places of this app in the bar on top, what waits for a person, and what specs may name of it."""

from __future__ import annotations

from webapp.annotation.sets import references


def register() -> None:
    """Add them all."""
    references.register()
