"""The addresses of the ledger."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.verdicts.ledger import api, views

_HERE = "p/<slug:slug>/ledger/"
_API = "api/v1/projects/<slug:slug>/ledger/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_HERE, views.ledger, name="ledger"),
    path(f"{_HERE}again/", views.ledger_again, name="ledger_again"),
    path(f"{_HERE}broken/<int:run_id>/", views.ledger_broken, name="ledger_broken"),
    path(f"{_HERE}<slug:part>.csv", views.ledger_file, name="ledger_file"),
    path(_API, api.LedgerView.as_view(), name="api_ledger"),
    path(f"{_API}failures/", api.Failures.as_view(), name="api_ledger_failures"),
    path(f"{_API}broken/<int:run_id>/", api.Broken.as_view(), name="api_ledger_broken"),
]
