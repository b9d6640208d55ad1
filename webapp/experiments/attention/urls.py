"""Addresses of what answers rest on; part of the experiments app's."""

from __future__ import annotations

from django.urls import path

from webapp.experiments.attention import views

_RUN = "p/<slug:slug>/runs/<int:run_id>/"

urlpatterns = [
    path(f"{_RUN}files/<int:artifact_id>/picture/", views.picture, name="picture"),
    path(f"{_RUN}attention.csv", views.attention_csv, name="attention_csv"),
    path(f"{_RUN}attention/<int:number>.csv", views.squares_csv, name="squares_csv"),
    path(f"{_RUN}words.csv", views.words_csv, name="words_csv"),
]
