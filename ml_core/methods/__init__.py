"""The registry: every module here holds a CARD and is a method; so is every entry point in `nearmiss.methods`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points

from ml_core.spec import BadInput, Card

ENTRY_POINT_GROUP = "nearmiss.methods"


@cache
def cards() -> dict[str, Card]:
    """Every method by key, in order. Adding a file with a CARD adds a method; a third party adds an entry point."""
    found: dict[str, Card] = {}
    for module in pkgutil.iter_modules(__path__):
        _add(found, importlib.import_module(f"{__name__}.{module.name}").CARD)
    for point in entry_points(group=ENTRY_POINT_GROUP):
        _add(found, point.load())
    return dict(sorted(found.items()))


def card(key: str) -> Card:
    """The card of a method; BadInput that lists the methods there are when the key is none of them."""
    try:
        return cards()[key]
    except KeyError:
        raise BadInput(f"there is no method {key!r}; there are: {', '.join(cards())}", field="method") from None


def _add(found: dict[str, Card], new: Card) -> None:
    if new.key in found:
        raise RuntimeError(f"two methods call themselves {new.key!r}: {found[new.key].entry} and {new.entry}")
    found[new.key] = new
