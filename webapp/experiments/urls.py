"""Addresses of runs, their groups, their cases, and the models they may use."""

from __future__ import annotations

from django.urls import path

from webapp.experiments import api
from webapp.experiments.attention.urls import urlpatterns as attention
from webapp.experiments.browsing.urls import urlpatterns as browsing
from webapp.experiments.cases.urls import urlpatterns as cases
from webapp.experiments.generating.urls import urlpatterns as generating
from webapp.experiments.probing.urls import urlpatterns as probing
from webapp.experiments.recorded.urls import urlpatterns as recorded
from webapp.experiments.views import changing, groups, launching, left, runs

app_name = "experiments"

_RUNS = "p/<slug:slug>/runs/"
_RUN = f"{_RUNS}<int:run_id>/"
_API = "api/v1/projects/<slug:slug>/"
_API_RUN = f"{_API}runs/<int:run_id>/"

urlpatterns = [
    path(_RUNS, runs.run_list, name="runs"),
    path(f"{_RUNS}new/", launching.choose, name="choose"),
    path(f"{_RUNS}new/<str:method>/", launching.new, name="new"),
    path(f"{_RUNS}new/<str:method>/check/", launching.check, name="check"),
    path(f"{_RUNS}groups/<int:group_id>/", groups.group, name="group"),
    path(_RUN, runs.run_page, name="run"),
    path(f"{_RUN}live/", runs.live, name="live"),
    path(f"{_RUN}curves/", runs.curves, name="curves"),
    path(f"{_RUN}metrics.csv", runs.metrics_csv, name="metrics_csv"),
    path(f"{_RUN}log.txt", runs.log_text, name="log"),
    path(f"{_RUN}files/", left.files, name="files"),
    path(f"{_RUN}files.zip", left.files_zip, name="files_zip"),
    path(f"{_RUN}files/<int:artifact_id>/", runs.artifact, name="artifact"),
    path(f"{_RUN}inputs.zip", changing.bundle, name="bundle"),
    path(f"{_RUN}cancel/", changing.cancel, name="cancel"),
    path(f"{_RUN}resume/", changing.resume, name="resume"),
    path(f"{_RUN}rerun/", changing.rerun, name="rerun"),
    path(f"{_RUN}mine/", changing.mine, name="mine"),
    path(f"{_RUN}delete/", changing.delete, name="delete"),
    path("administration/models/", groups.models, name="models"),
    path("administration/models/<int:model_id>/remove/", groups.model_remove, name="model_remove"),
    path(f"{_API}methods/", api.Methods.as_view(), name="api_methods"),
    path(f"{_API}methods/<str:method>/", api.Method.as_view(), name="api_method"),
    path(f"{_API}runs/", api.Runs.as_view(), name="api_runs"),
    path(_API_RUN, api.RunDetail.as_view(), name="api_run"),
    path(f"{_API_RUN}metrics/", api.Metrics.as_view(), name="api_metrics"),
    path(f"{_API_RUN}log/", api.Log.as_view(), name="api_log"),
    path(f"{_API_RUN}artifacts/", api.Artifacts.as_view(), name="api_artifacts"),
    path(f"{_API_RUN}artifacts/<int:artifact_id>/", api.ArtifactFile.as_view(), name="api_artifact"),
    path(f"{_API_RUN}inputs/", api.Bundle.as_view(), name="api_bundle"),
    path(f"{_API_RUN}cancel/", api.Cancel.as_view(), name="api_cancel"),
    path(f"{_API_RUN}resume/", api.Resume.as_view(), name="api_resume"),
    path(f"{_API_RUN}clone/", api.Clone.as_view(), name="api_clone"),
    path(f"{_API_RUN}rerun/", api.Rerun.as_view(), name="api_rerun"),
    path(f"{_API}run-groups/<int:group_id>/", api.Group.as_view(), name="api_group"),
    path("api/v1/models/", api.Models.as_view(), name="api_models"),
    path("api/v1/models/<int:model_id>/", api.ModelDetail.as_view(), name="api_model"),
    *attention,
    *browsing,
    *cases,
    *generating,
    *probing,
    *recorded,
]
