"""Everybody who knocks, made once for the tests of a file; what a test changes is rolled back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import override_settings
from django.urls import clear_url_caches

from tests.webapp.permissions.checking import parts
from tests.webapp.permissions.world import World, make_world
from webapp import urls
from webapp.throttles import PersonThrottle

LOOSE = {
    "ACCOUNT_RATE_LIMITS": False,
    "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",  # a query less for each knock
}


def plain(status: int) -> Callable[..., HttpResponse]:
    """An error page without a page."""
    return lambda request, exception=None: HttpResponse(status=status)


@pytest.fixture(scope="module")
def everybody(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Everybody, in a transaction that never ends well; to make them takes longer than most of the tests."""
    with django_db_blocker.unblock(), override_settings(**LOOSE), transaction.atomic():
        yield make_world([module.build for module in parts().values() if hasattr(module, "build")])
        transaction.set_rollback(True)


@pytest.fixture
def world(everybody: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Everybody; no limit is met and refusals are plain, because thousands of them are looked at."""
    for status in (403, 404):
        monkeypatch.setattr(urls, f"handler{status}", plain(status), raising=False)
    monkeypatch.setattr(PersonThrottle, "THROTTLE_RATES", {"person": "1000000/min", "write": "1000000/min"})
    clear_url_caches()
    logging.disable(logging.CRITICAL)
    with transaction.atomic():
        yield everybody
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
    clear_url_caches()
