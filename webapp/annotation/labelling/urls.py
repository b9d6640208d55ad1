"""The addresses of labelling; nobody but a campaign's annotators finds anything there."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.annotation.labelling import views

HERE = "p/<slug:slug>/campaigns/<int:campaign_id>/label/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(HERE, views.page, name="label"),
    path(HERE + "answers/", views.answers, name="label_answers"),
    path(HERE + "next/", views.next_tasks, name="label_next"),
    path(HERE + "reveal/", views.reveal, name="label_reveal"),
    path(HERE + "done/", views.done, name="label_done"),
    path(HERE + "lease/", views.lease, name="label_lease"),
    path(HERE + "keys/", views.keys, name="label_keys"),
    path(HERE + "pictures/<str:name>/<str:size>/", views.picture, name="label_picture"),
]
