"""What every API view stands on: errors as problems (RFC 9457), pages by key, filters by an allow-list.

Views name their door by inheriting from `webapp.accounts.doors`; this module knows no app.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework import exceptions
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import exception_handler

from ml_core.spec import BadInput
from webapp.texts import UNKEPT, is_kept, unkept_in

PROBLEM = "application/problem+json"
Row = TypeVar("Row", bound=Model)


class FileNegotiation(DefaultContentNegotiation):
    """For views that answer with a file: its type is its own, whatever is asked for; refusals are JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """What fits, or else the first: it renders refusals alone."""
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except exceptions.NotAcceptable:
            return renderers[0], renderers[0].media_type


class Conflict(exceptions.APIException):
    """What was asked does not fit the present state (409)."""

    status_code = HTTPStatus.CONFLICT
    default_detail = "This does not fit the present state."
    default_code = "conflict"


def problems(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: every error as `{type, title, status, detail, errors?}`; None lets a fault be a 500.

    `errors` lists `{field, detail}`: every wrong field at once. Input that a person can correct (`BadInput`) is a 400.
    """
    if isinstance(error, BadInput):
        error = exceptions.ValidationError({error.field or "non_field_errors": [str(error)]})
    elif isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    response = exception_handler(error, dict(context))
    if response is None or not isinstance(error, exceptions.APIException):
        return response
    fields = _flat(error.detail) if isinstance(error, exceptions.ValidationError) else []
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(response.status_code).phrase,
        "status": response.status_code,
        "detail": "; ".join(entry["detail"] for entry in fields) or str(error.detail),
    }
    if fields:
        body["errors"] = fields
    response.data = body
    response.content_type = PROBLEM
    return response


def _flat(detail: Any, field: str = "") -> list[dict[str, str]]:
    """DRF's nested error details as a plain list of `{field, detail}`, nested fields joined by dots."""
    if isinstance(detail, Mapping):
        return [entry for name, inner in detail.items() for entry in _flat(inner, f"{field}.{name}".strip("."))]
    if isinstance(detail, (list, tuple)):
        return [
            entry
            for number, inner in enumerate(detail)
            for entry in _flat(inner, f"{field}.{number}" if isinstance(inner, Mapping) else field)
        ]
    name = "" if field == "non_field_errors" else field
    return [{"field": name, "detail": str(detail)}]


class KeysetPagination(CursorPagination):
    """Pages as fast at the end as at the beginning: `?cursor=…&page_size=…`; newest first unless said otherwise."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"
    ordering = "-id"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """A page of rows. A cursor that was tampered with is a 404, whatever lies in it."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, OverflowError, ValidationError, DataError):
            raise exceptions.NotFound("This cursor leads nowhere. Begin again without it.") from None


Filter = Callable[[QuerySet[Any], str], QuerySet[Any]]


def narrowed(
    rows: QuerySet[Row],
    request: Request,
    *,
    filters: Mapping[str, Filter],
    orders: Mapping[str, str | tuple[str, ...]] | None = None,
    plain: tuple[str, ...] = ("cursor", "page_size", "order", "format"),
) -> QuerySet[Row]:
    """Apply what the address asks for, by names we chose: `?state=failed&order=-created`; no field path from outside.

    `filters` maps a parameter to a function of the rows and its text; `orders` a name to the fields it stands for (a
    leading `-` in the address turns the order around). Unknown parameters and orders are refused with a 400 that lists
    the known ones: a mistyped filter must not quietly return everything.
    """
    known = set(filters) | set(plain)
    for name in request.query_params:
        if name not in known:
            raise exceptions.ValidationError({name: [f"No such filter. There are: {', '.join(sorted(known))}."]})
    for name, apply in filters.items():
        if text := request.query_params.get(name, ""):
            if not is_kept(text):
                raise exceptions.ValidationError({name: [UNKEPT]})
            try:
                rows = apply(rows, text)
            except (ValueError, OverflowError):
                raise exceptions.ValidationError({name: [f"{text[:80]!r} does not fit this filter."]}) from None
    wanted = request.query_params.get("order", "")
    if wanted and orders is not None:
        fields = orders.get(wanted.removeprefix("-"))
        if fields is None:
            raise exceptions.ValidationError({"order": [f"No such order. There are: {', '.join(sorted(orders))}."]})
        rows = rows.order_by(*_turned(fields, wanted.startswith("-")))
    return rows


def _turned(fields: str | tuple[str, ...], backwards: bool) -> list[str]:
    named = (fields,) if isinstance(fields, str) else fields
    return [_opposite(field) if backwards else field for field in named]


def _opposite(field: str) -> str:
    return field.removeprefix("-") if field.startswith("-") else "-" + field


def checked(kind: type[Serializer[Any]], request: Request, **options: Any) -> dict[str, Any]:
    """The body of a request as a serializer understands it; 400 with every wrong field. Unknown fields are refused."""
    if not isinstance(request.data, Mapping):
        raise exceptions.ValidationError("Send a JSON object.")
    if unkept := list(unkept_in(request.data)):
        raise exceptions.ValidationError({place or "non_field_errors": [UNKEPT] for place in unkept})
    serializer = kind(data=request.data, **options)
    unknown = set(request.data) - set(serializer.fields)
    if unknown:
        raise exceptions.ValidationError({name: ["There is no such field."] for name in sorted(unknown)})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
