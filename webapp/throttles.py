"""Limits of the API, counted in the cache of all web processes. Apart from api.py, which DRF must not load early."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class PersonThrottle(SimpleRateThrottle):
    """So many calls a minute for each token, or each person without one, or each address without either."""

    scope = "person"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Who is counted."""
        if request.auth is not None:
            who = f"token-{request.auth.pk}"
        elif request.user and request.user.is_authenticated:
            who = f"person-{request.user.pk}"
        else:
            who = f"address-{self.get_ident(request)}"
        return self.cache_format % {"scope": self.scope, "ident": who}


class WriteThrottle(PersonThrottle):
    """The same, for calls that change something."""

    scope = "write"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Reading is not counted here."""
        return request.method in {"GET", "HEAD"} or super().allow_request(request, view)
