"""Says for each request where it comes from (for the audit trail), whose it is and in which language they read."""

from __future__ import annotations

from collections.abc import Callable

from allauth.core.internal.httpkit import get_client_ip
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from webapp.accounts.ahead import reading
from webapp.accounts.origin import NOWHERE, Origin, set_origin

Handler = Callable[[HttpRequest], HttpResponse]


class OriginMiddleware:
    """Keeps the client's address for the time of the request; proxies count as far as TRUSTED_PROXIES says."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        set_origin(Origin(address=get_client_ip(request)))
        try:
            return self.get_response(request)
        finally:
            set_origin(NOWHERE)


class ReadAheadMiddleware:
    """Lets a request's session bring along whose it is. Stands before the sessions."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with reading(request.path_info):
            return self.get_response(request)


class PersonLanguageMiddleware:
    """The language a person chose wins over what their browser asks for. Stands after authentication."""

    def __init__(self, get_response: Handler):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)
