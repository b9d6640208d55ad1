"""Addresses of caption files; part of the experiments app's."""

from __future__ import annotations

from django.urls import path

from webapp.experiments.recorded import api, views

_FILES = "p/<slug:slug>/caption-files/"
_API = "api/v1/projects/<slug:slug>/caption-files/"

urlpatterns = [
    path(_FILES, views.files, name="caption_files"),
    path(f"{_FILES}<int:file_id>/", views.file, name="caption_file"),
    path(f"{_FILES}<int:file_id>/content/", views.content, name="caption_file_content"),
    path(f"{_FILES}<int:file_id>/remove/", views.remove, name="caption_file_remove"),
    path(_API, api.CaptionFiles.as_view(), name="api_caption_files"),
    path(f"{_API}<int:file_id>/", api.CaptionFileDetail.as_view(), name="api_caption_file"),
    path(f"{_API}<int:file_id>/content/", api.CaptionFileContent.as_view(), name="api_caption_file_content"),
]
