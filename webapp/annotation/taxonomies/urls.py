"""The addresses of taxonomies."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.annotation.taxonomies import api, views

_ALL = "p/<slug:slug>/taxonomies/"
_ONE = f"{_ALL}<int:taxonomy_id>/"
_API = "api/v1/projects/<slug:slug>/taxonomies/"
_API_ONE = f"{_API}<int:taxonomy_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_ALL, views.taxonomies, name="taxonomies"),
    path(f"{_ALL}example/case/<int:run_id>/<int:number>/", views.example_of_case, name="example_of_case"),
    path(f"{_ALL}example/sample/<int:campaign_id>/<int:task_id>/", views.example_of_sample, name="example_of_sample"),
    path(_ONE, views.taxonomy, name="taxonomy"),
    path(f"{_ONE}edit/", views.edit, name="taxonomy_edit"),
    path(f"{_ONE}archive/", views.archive, name="taxonomy_archive"),
    path(f"{_ONE}versions/<int:number>/", views.taxonomy, name="taxonomy_version"),
    path(f"{_ONE}versions/<int:number>/taxonomy.json", views.file, name="taxonomy_file"),
    path(f"{_ONE}pictures/<int:picture_id>/", views.picture, name="taxonomy_picture"),
    path(_API, api.Taxonomies.as_view(), name="api_taxonomies"),
    path(_API_ONE, api.TaxonomyDetail.as_view(), name="api_taxonomy"),
    path(f"{_API_ONE}copies/", api.Copies.as_view(), name="api_taxonomy_copies"),
    path(f"{_API_ONE}pictures/", api.Pictures.as_view(), name="api_taxonomy_pictures"),
    path(f"{_API_ONE}pictures/<int:picture_id>/", api.Picture.as_view(), name="api_taxonomy_picture"),
]
