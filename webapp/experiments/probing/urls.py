"""Addresses of probes; part of the experiments app's."""

from __future__ import annotations

from django.urls import path

from webapp.experiments.probing import api, views

_RUN = "p/<slug:slug>/runs/<int:run_id>/"
_PROBE = f"{_RUN}probes/<int:probe_id>/"
_API = "api/v1/projects/<slug:slug>/runs/<int:run_id>/"

urlpatterns = [
    path(f"{_RUN}cases/<int:number>/probes/", views.probes, name="probes"),
    path(_PROBE, views.probe, name="probe"),
    path(f"{_PROBE}pin/", views.pin, name="probe_pin"),
    path(f"{_PROBE}unpin/", views.unpin, name="probe_unpin"),
    path(f"{_PROBE}remove/", views.remove, name="probe_remove"),
    path(f"{_RUN}probes.csv", views.probes_csv, name="probes_csv"),
    path(f"{_RUN}probes.json", views.probes_json, name="probes_json"),
    path(f"{_API}cases/<int:number>/probes/", api.ProbesOfCase.as_view(), name="api_case_probes"),
    path(f"{_API}probes/", api.Probes.as_view(), name="api_probes"),
    path(f"{_API}probes/<int:probe_id>/", api.ProbeDetail.as_view(), name="api_probe"),
]
