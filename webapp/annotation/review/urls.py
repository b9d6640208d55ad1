"""The addresses of reviewers."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.annotation.review import api, views

_HERE = "p/<slug:slug>/campaigns/<int:campaign_id>/"
_API = "api/v1/projects/<slug:slug>/campaigns/<int:campaign_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{_HERE}review/", views.queue, name="review"),
    path(f"{_HERE}tasks/", views.tasks, name="tasks"),
    path(f"{_HERE}tasks/<int:task_id>/", views.decide, name="decide"),
    path(f"{_HERE}tasks/<int:task_id>/reopen/", views.reopen, name="reopen"),
    path(f"{_HERE}tasks/<int:task_id>/gold/", views.gold, name="gold"),
    path(f"{_HERE}tasks/pictures/<int:task_id>/<slug:side>/<slug:size>/", views.picture, name="task_picture"),
    path(f"{_HERE}feedback/", views.feedback, name="feedback"),
    path(f"{_HERE}label/feedback/", views.own_feedback, name="own_feedback"),
    path(f"{_HERE}label/feedback/<int:task_id>/", views.own_sample, name="own_sample"),
    path(f"{_API}queue/", api.Queue.as_view(), name="api_queue"),
    path(f"{_API}tasks/", api.Tasks.as_view(), name="api_tasks"),
    path(f"{_API}tasks/<int:task_id>/", api.TaskDetail.as_view(), name="api_task"),
    path(f"{_API}tasks/<int:task_id>/decisions/", api.Decisions.as_view(), name="api_decisions"),
    path(f"{_API}tasks/<int:task_id>/gold/", api.GoldView.as_view(), name="api_gold"),
]
