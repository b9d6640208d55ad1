"""What waits for a person: other apps register who can tell, in their `AppConfig.ready`.

    from webapp.accounts import home
    home.register(waiting_runs)     # def waiting_runs(user: User, memberships: list[Membership]) -> list[home.Card]

A provider is asked with all memberships on the home page and with one on a project's own page; it makes one query, not
one per project, and returns cards for what wants this person's attention or is new to them, nothing otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an AppConfig may import this before models exist
    from webapp.accounts.models import Membership, User


@dataclass(frozen=True)
class Card:
    """One thing that waits: where it leads, and in which project it lies."""

    title: str
    text: str
    url: str
    project: str = ""
    count: int | None = None
    tone: str = ""  # of the dot beside it: "" (grey), "near", "broken", "repaired"
    state: str = ""  # of the run or import it tells of: the icon and tone of that state's badge in place of the dot
    order: int = 50


Provider = Callable[["User", "list[Membership]"], list[Card]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Add a provider; adding it again changes nothing."""
    if provider not in _providers:
        _providers.append(provider)


def cards(user: User, memberships: list[Membership]) -> list[Card]:
    """Everything that waits for a person, in the order the providers gave it."""
    gathered = [card for provider in _providers for card in provider(user, memberships)]
    return sorted(gathered, key=lambda card: (card.order, card.project, card.title))
