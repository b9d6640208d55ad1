"""Knocks at every door: address × method × person, and says where the answer is not the expected one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.table import ADMINISTRATOR, ANYWHERE, OPEN, PERSON, STAGE, TABLE, UNBOUND
from tests.webapp.permissions.world import Knocker, World

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LOGIN, WHO, HIDDEN, REFUSED, NOT_SO, IN = "login page", "401", "404", "403", "405", "let in"
SAFE = ("GET", "HEAD")


@dataclass(frozen=True)
class Address:
    """An address of the URL configuration."""

    name: str
    route: str
    view: Any


def addresses(resolver: URLResolver | None = None, namespace: str = "", route: str = "") -> Iterator[Address]:
    """Every address there is, by its full name (empty where it has none)."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from addresses(entry, inner, here)
        elif isinstance(entry, URLPattern):
            yield Address(f"{namespace}{entry.name}" if entry.name else "", here, entry.callback)


def parts() -> dict[str, ModuleType]:
    """The rows files (`rows_<app>.py`), each with ROWS and, where it needs objects, `build(world)`."""
    found = sorted(Path(__file__).parent.glob("rows_*.py"))
    return {path.stem.removeprefix("rows_"): import_module(f"{__package__}.{path.stem}") for path in found}


def expected(row: Row, method: str, knocker: Knocker, *, foreign: bool = False) -> str:
    """What should happen, from the table alone."""
    api, need = ":api_" in row.name, row.needs.get(method)
    known = knocker.known and (api or not knocker.token)  # pages know no tokens
    kind = _kind(row)
    if kind == OPEN:
        return HIDDEN if foreign and need else IN if need else NOT_SO
    if kind == STAGE:
        return NOT_SO if need is None else IN if known else LOGIN
    if not known:
        return WHO if api else LOGIN
    if kind == "project" and (knocker.role is None or knocker.bound == "elsewhere"):
        return HIDDEN
    if knocker.read_only and method not in SAFE:
        return REFUSED
    if kind == ADMINISTRATOR and (not knocker.administrator or knocker.bound):
        return REFUSED
    if need is None:
        return NOT_SO
    if need.startswith(ANYWHERE) and not _anywhere(need.removeprefix(ANYWHERE), knocker):
        return REFUSED
    if need == UNBOUND and knocker.bound:
        return REFUSED
    if kind == "project" and knocker.role not in TABLE[need]:
        return REFUSED
    return HIDDEN if foreign else IN


def _kind(row: Row) -> str:
    """The kind of door: all methods of an address stand behind one."""
    for need in row.needs.values():
        if need in {OPEN, STAGE, ADMINISTRATOR}:
            return need
        if need in {PERSON, UNBOUND} or need.startswith(ANYWHERE):
            return PERSON
    return "project"


def _anywhere(capability: str, knocker: Knocker) -> bool:
    if knocker.bound:
        return False
    return knocker.administrator or bool({knocker.role, knocker.elsewhere} & TABLE[capability])


def knock(row: Row, method: str, knocker: Knocker, kwargs: dict[str, Any]) -> tuple[str, int]:
    """Ask for an address as somebody; what it changes is rolled back. Returns what happened, and the status."""
    address = reverse(row.name, kwargs=kwargs)
    cookies = knocker.client.cookies.output()
    if ":api_" in row.name:
        options: dict[str, Any] = {"content_type": "application/json"}
        body: Any = dict(row.data or {})
    else:
        options, body = {}, dict(row.data or {}) if method == "POST" else None
    if method == "GET":
        options, body = {}, None
    before = dict(knocker.client.cookies)
    named = method in row.needs  # what should be refused writes nothing, or is found out
    with transaction.atomic() if named else nullcontext():
        answer = getattr(knocker.client, method.lower())(address, body, **options)
        status, location = answer.status_code, answer.headers.get("Location", "")
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)  # the client closes it then, without closing the test's connection
        if named:
            transaction.set_rollback(True)
    if knocker.client.cookies.output() != cookies:  # signed out or in on the way
        knocker.client.cookies.clear()
        knocker.client.cookies.update(before)
    return _happened(status, location, row), status


def _happened(status: int, location: str, row: Row) -> str:
    if status in {301, 302, 303} and location.startswith("/account/login/"):
        return LOGIN
    named = {401: WHO, 403: REFUSED, 404: HIDDEN, 405: NOT_SO}
    if status in named and status not in row.tells:
        return named[status]
    let_in = status < 400 or status in {400, 409, 422} or status in row.tells
    return IN if let_in else f"status {status}"


def differences(world: World, rows: Iterable[Row], knockers: Iterable[Knocker] | None = None) -> list[str]:
    """Every knock whose answer is not the expected one, in words."""
    wrong: list[str] = []
    for row in rows:
        for knocker in knockers or world.knockers:
            if knocker.token and ":api_" not in row.name and knocker.name != "token":
                continue  # to a page all tokens are alike: strangers
            asked = [(row.kwargs, False), *((kwargs, True) for kwargs in row.foreign)]
            for kwargs, foreign in asked:
                for method in METHODS if not foreign else row.needs:
                    should = expected(row, method, knocker, foreign=foreign)
                    happened, status = knock(row, method, knocker, kwargs(world, knocker))
                    if happened != should:
                        what = f"{row.name}{' (foreign object)' if foreign else ''}: {method} as {knocker.name}"
                        wrong.append(f"{what}: expected {should}, got {happened} ({status})")
    return wrong
