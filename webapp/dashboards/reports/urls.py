"""The addresses of reports."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.dashboards.reports import api, views

_HERE = "p/<slug:slug>/reports/"
_ONE = f"{_HERE}<int:report_id>/"
_API = "api/v1/projects/<slug:slug>/"
_API_ONE = f"{_API}reports/<int:report_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_HERE, views.reports, name="reports"),
    path(f"{_HERE}new/", views.new, name="report_new"),
    path(f"{_HERE}summary_subset_results.csv", views.improvements, name="improvements"),
    path(_ONE, views.report, name="report"),
    path(f"{_ONE}words/", views.words, name="report_words"),
    path(f"{_ONE}remove/", views.remove, name="report_remove"),
    path(f"{_ONE}file/", views.file, name="report_file"),
    path(f"{_ONE}pictures/<slug:picture>/", views.picture, name="report_picture"),
    path(f"{_API}reports/", api.Reports.as_view(), name="api_reports"),
    path(_API_ONE, api.OneReport.as_view(), name="api_report"),
    path(f"{_API_ONE}texts/", api.Texts.as_view(), name="api_report_texts"),
    path(f"{_API_ONE}file/", api.File.as_view(), name="api_report_file"),
    path(f"{_API}improvements/", api.Improvements.as_view(), name="api_improvements"),
]
