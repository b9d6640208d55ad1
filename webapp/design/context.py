"""What every template may show around its page. Evaluated only where a template asks for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from webapp.design import navigation


def chrome(request: HttpRequest) -> dict[str, Any]:
    """`nav`, `projects`, `account_links` (lists), `signed_in` (bool) and `current_project` (or None)."""
    user = getattr(request, "user", None)
    signed_in = bool(user is not None and user.is_authenticated)
    return {
        "nav": SimpleLazyObject(lambda: navigation.links(request) if signed_in else []),
        "projects": SimpleLazyObject(lambda: navigation.projects(request) if signed_in else []),
        "account_links": SimpleLazyObject(lambda: navigation.account_links(request) if signed_in else []),
        "signed_in": signed_in,
        "current_project": getattr(request, "project", None),
    }
