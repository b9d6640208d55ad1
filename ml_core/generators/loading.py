"""Opens a generator by its reference; what a family needs is imported only when one of it is opened."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

from ml_core.generators.types import Generator
from ml_core.spec import BadInput, Context
from ml_core.store import Store

FAMILIES = ("endpoint", "local", "recorded")


@dataclass(frozen=True)
class Wishes:
    """What a spec says about how a generator is asked. The first five are about endpoints, the others about models of
    this machine; prices are for a million tokens."""

    concurrency: int = 4
    per_minute: float = 0
    timeout: float = 120.0
    attempts: int = 6
    prices: tuple[float, float] = field(default=(0.0, 0.0))
    precision: str = "auto"
    batch: int = 0


def split(reference: str) -> tuple[str, str]:
    """(family, rest) of `endpoint:MODEL`, `local:PATH_OR_NAME[@REVISION]` or `recorded:FILE`; BadInput for another."""
    family, _, rest = reference.partition(":")
    if family not in FAMILIES or not rest.strip():
        known = "endpoint:MODEL, local:PATH_OR_NAME or recorded:FILE"
        raise BadInput(f"unknown generator {reference[:200]!r}: write {known}", field="generator")
    return family, rest


def load_generator(reference: str, wishes: Wishes, context: Context) -> Generator:
    """The generator that `endpoint:…` or `local:…` names. BadInput (field "generator") where it cannot be opened."""
    family, rest = split(reference)
    store = Store(context.cache)
    if family == "local":
        local = _module("local")
        options: dict[str, Any] = {"precision": wishes.precision, "batch": wishes.batch, "stop": context.stop}
        return local.Local(rest, device=context.device, store=store, **options)
    if family == "endpoint":
        door = _module("door").from_environment()
        endpoint = _module("endpoint")
        terms = endpoint.Terms(
            concurrency=wishes.concurrency,
            per_minute=wishes.per_minute,
            timeout=wishes.timeout,
            attempts=wishes.attempts,
            price_in=wishes.prices[0],
            price_out=wishes.prices[1],
        )
        return endpoint.Endpoint(rest, door, terms, store, context.stop)
    raise BadInput("recorded captions answer no questions: they are read as they are", field="generator")


def _module(name: str) -> Any:
    return importlib.import_module(f"ml_core.generators.{name}")
