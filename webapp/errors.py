"""Answers where no view could: programs get a problem as JSON, people a page of templates/."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.db import DataError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

from webapp.api import PROBLEM
from webapp.texts import UNKEPT, is_kept


def _for_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def problem(status: HTTPStatus, detail: str) -> JsonResponse:
    """A problem (RFC 9457)."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return JsonResponse(body, status=status, content_type=PROBLEM)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: Django refused the request itself (a host name, a field count)."""
    if _for_program(request):
        return problem(HTTPStatus.BAD_REQUEST, "The request could not be understood.")
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if _for_program(request):
        return problem(HTTPStatus.FORBIDDEN, "You may not do this.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if _for_program(request):
        return problem(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
    return defaults.page_not_found(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: a form from elsewhere, or one that outlived its session."""
    said = _("This form was open for too long, or your session ended. Go back, reload the page and send it again.")
    if _for_program(request):
        return problem(HTTPStatus.FORBIDDEN, said)
    return render(request, "403.html", {"reason": said}, status=HTTPStatus.FORBIDDEN)


def fault(request: HttpRequest, *args: Any) -> HttpResponse:
    """500: the log has the traceback, nobody else sees it."""
    if _for_program(request):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something broke on our side. It is in the log.")
    return defaults.server_error(request)


class UnkeptTextMiddleware:
    """The last resort: where the database refused text that came with a request, that is a 400 and not a fault."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A page or a problem with the reason; None where the request holds no such text."""
        if not isinstance(exception, DataError | ValueError) or not _holds_unkept(request):
            return None
        if _for_program(request):
            return problem(HTTPStatus.BAD_REQUEST, UNKEPT)
        return render(request, "400.html", {"reason": UNKEPT}, status=HTTPStatus.BAD_REQUEST)


def _holds_unkept(request: HttpRequest) -> bool:
    given = [request.path_info, *request.GET.keys(), *(text for texts in request.GET.lists() for text in texts[1])]
    given += [str(text) for texts in request.POST.lists() for text in texts[1]]
    return not all(map(is_kept, given))
