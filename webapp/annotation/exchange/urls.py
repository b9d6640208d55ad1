"""The addresses of label files."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.annotation.exchange import api, views

_CAMPAIGN = "p/<slug:slug>/campaigns/<int:campaign_id>/files/"
_API = "api/v1/projects/<slug:slug>/campaigns/<int:campaign_id>/labels/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_CAMPAIGN, views.files, name="files"),
    path(f"{_CAMPAIGN}everybody.zip", views.bundle, name="bundle"),
    path(f"{_CAMPAIGN}sheets/<slug:letter>.zip", views.bundle, name="bundle_of"),
    path(f"{_CAMPAIGN}labels.jsonl", views.labels, {"form": "jsonl"}, name="labels_jsonl"),
    path(f"{_CAMPAIGN}labels.csv", views.labels, {"form": "csv"}, name="labels_csv"),
    path(f"{_CAMPAIGN}labelstudio.json", views.labels, {"form": "labelstudio"}, name="labels_labelstudio"),
    path(f"{_CAMPAIGN}labelstudio.zip", views.labels, {"form": "labelstudio_zip"}, name="labels_labelstudio_zip"),
    path(f"{_CAMPAIGN}labelstudio.xml", views.labels, {"form": "config"}, name="labels_config"),
    path(f"{_CAMPAIGN}<int:file_id>/", views.label_file, name="label_file"),
    path(f"{_CAMPAIGN}<int:file_id>/report.csv", views.report, name="label_file_report"),
    path(_API, api.Labels.as_view(), name="api_labels"),
    path(f"{_API}sheets/", api.Sheets.as_view(), name="api_label_sheets"),
    path(f"{_API}files/<int:file_id>/", api.File.as_view(), name="api_label_file"),
    path(f"{_API}files/<int:file_id>/report.csv", api.FileReport.as_view(), name="api_label_file_report"),
]
