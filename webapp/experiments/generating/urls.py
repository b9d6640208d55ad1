"""Addresses of the model endpoint; part of the experiments app's."""

from __future__ import annotations

from django.urls import path

from webapp.experiments.generating import api, views

urlpatterns = [
    path("administration/endpoint/", views.endpoint, name="endpoint"),
    path("administration/endpoint/forget/", views.endpoint_forget, name="endpoint_forget"),
    path("api/v1/endpoint/", api.Endpoint.as_view(), name="api_endpoint"),
]
