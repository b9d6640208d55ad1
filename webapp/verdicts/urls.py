"""The addresses of verdicts, an area each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from webapp.verdicts.comparing.urls import urlpatterns as comparing

app_name = "verdicts"

urlpatterns: list[URLPattern | URLResolver] = [*comparing]
