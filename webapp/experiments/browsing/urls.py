"""Addresses of captions; part of the experiments app's. `kind` is run or file."""

from __future__ import annotations

from django.urls import path

from webapp.experiments.browsing import api, views

_ONE = "p/<slug:slug>/captions/<str:kind>/<int:source_id>/"
_API = f"api/v1/projects/{_ONE.removeprefix('p/')}"

urlpatterns = [
    path(_ONE, views.captions, name="captions"),
    path(f"{_ONE}change/", views.change, name="caption_change"),
    path(f"{_ONE}anew/", views.anew, name="captions_anew"),
    path(f"{_ONE}keep/", views.keep, name="captions_keep"),
    path(_API, api.Captions.as_view(), name="api_captions"),
    path(f"{_API}anew/", api.CaptionsAnew.as_view(), name="api_captions_anew"),
    path(f"{_API}keep/", api.CaptionsKept.as_view(), name="api_captions_keep"),
]
