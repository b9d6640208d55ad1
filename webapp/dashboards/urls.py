"""The addresses of dashboards."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.dashboards import api, views
from webapp.dashboards.reports.urls import urlpatterns as reports

app_name = "dashboards"
_HERE = "p/<slug:slug>/campaigns/<int:campaign_id>/agreement/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_HERE, views.agreement, name="agreement"),
    path(f"{_HERE}again/", views.agreement_again, name="agreement_again"),
    path(f"{_HERE}<slug:part>.csv", views.agreement_file, name="agreement_file"),
    path(
        "api/v1/projects/<slug:slug>/campaigns/<int:campaign_id>/agreement/",
        api.Agreement.as_view(),
        name="api_agreement",
    ),
    *reports,
]
