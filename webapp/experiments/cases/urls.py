"""Addresses of cases; part of the experiments app's."""

from __future__ import annotations

from django.urls import path

from webapp.experiments.cases import api, views

_RUN = "p/<slug:slug>/runs/<int:run_id>/"
_API = "api/v1/projects/<slug:slug>/runs/<int:run_id>/"

urlpatterns = [
    path("p/<slug:slug>/failures/", views.failures, name="failures"),
    path(f"{_RUN}cases/", views.gallery, name="cases"),
    path(f"{_RUN}cases.csv", views.cases_csv, name="cases_csv"),
    path(f"{_RUN}cases/<int:number>/", views.case, name="case"),
    path(f"{_API}cases/", api.Cases.as_view(), name="api_cases"),
    path(f"{_API}cases.csv", api.CasesTable.as_view(), name="api_cases_csv"),
    path(f"{_API}cases/<int:number>/", api.CaseDetail.as_view(), name="api_case"),
]
