"""The addresses of claims."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.verdicts.claims import api, views

_HERE = "p/<slug:slug>/claims/"
_API = "api/v1/projects/<slug:slug>/claims/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_HERE, views.claims, name="claims"),
    path(f"{_HERE}wishes/<int:wish_id>/", views.claiming, name="claiming"),
    path(f"{_HERE}<int:claim_id>/", views.claim, name="claim"),
    path(f"{_HERE}<int:claim_id>/file/", views.claim_file, name="claim_file"),
    path(f"{_HERE}<int:claim_id>/delete/", views.claim_delete, name="claim_delete"),
    path(_API, api.Claims.as_view(), name="api_claims"),
    path(f"{_API}wishes/<int:wish_id>/", api.ClaimWish.as_view(), name="api_claim_wish"),
    path(f"{_API}<int:claim_id>/", api.OneClaim.as_view(), name="api_claim"),
    path(f"{_API}<int:claim_id>/file/", api.ClaimFile.as_view(), name="api_claim_file"),
]
