"""The addresses of comparisons."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.verdicts.comparing import api, views

_HERE = "p/<slug:slug>/compare/"
_API = "api/v1/projects/<slug:slug>/comparisons/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_HERE, views.compare, name="compare"),
    path(f"{_HERE}again/", views.compare_again, name="compare_again"),
    path(f"{_HERE}<slug:part>.csv", views.compare_file, name="compare_file"),
    path(_API, api.Comparison.as_view(), name="api_comparison"),
    path(f"{_API}flips/", api.Flips.as_view(), name="api_flips"),
]
