"""The shape of a row: one address, what each method needs, and what to put into the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.webapp.permissions.world import Knocker, World

Kwargs = Callable[[World, Knocker], dict[str, Any]]


def in_project(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our project, nothing else."""
    return {"slug": world.project.slug}


def nothing(world: World, knocker: Knocker) -> dict[str, Any]:
    """An address without variables."""
    return {}


@dataclass(frozen=True)
class Row:
    """One address.

    `needs`: method → a capability of table.TABLE, or OPEN, PERSON, ADMINISTRATOR, STAGE, ANYWHERE + capability; a
    method that is not named must be refused with 405. `foreign`: the same address naming objects that are not in our
    project (or not the knocker's): whoever is let in gets 404. `data`: what is posted (JSON for the API); good or bad,
    only who is let in is looked at. `tells`: statuses besides 2xx, 3xx, 400, 409 and 422 that count as let in.
    """

    name: str
    needs: Mapping[str, str]
    kwargs: Kwargs = in_project
    foreign: tuple[Kwargs, ...] = ()
    data: Mapping[str, Any] | None = None
    tells: frozenset[int] = frozenset()
