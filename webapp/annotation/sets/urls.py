"""The addresses of sets."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.annotation.sets import api, views

_SETS = "p/<slug:slug>/sets/"
_API = "api/v1/projects/<slug:slug>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_SETS, views.sets, name="sets"),
    path(f"{_SETS}<int:set_id>/", views.analysis_set, name="set"),
    path(f"{_SETS}<int:set_id>/distribution.csv", views.distribution, name="set_distribution"),
    path(f"{_SETS}<int:set_id>/cases.csv", views.items_csv, name="set_items_csv"),
    path(f"{_SETS}wishes/<int:wish_id>/", views.freezing, name="freezing"),
    path("p/<slug:slug>/campaigns/<int:campaign_id>/freeze/", views.freeze, name="freeze"),
    path(f"{_API}sets/", api.Sets.as_view(), name="api_sets"),
    path(f"{_API}sets/<int:set_id>/", api.Set.as_view(), name="api_set"),
    path(f"{_API}sets/<int:set_id>/items/", api.Items.as_view(), name="api_set_items"),
    path(f"{_API}sets/wishes/<int:wish_id>/", api.Wish.as_view(), name="api_set_wish"),
    path(f"{_API}campaigns/<int:campaign_id>/sets/", api.Freeze.as_view(), name="api_freeze"),
]
