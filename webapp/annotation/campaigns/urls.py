"""The addresses of campaigns."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.annotation.campaigns import api, views

_ALL = "p/<slug:slug>/campaigns/"
_ONE = f"{_ALL}<int:campaign_id>/"
_WHO = f"{_ONE}people/<int:annotator_id>/"
_API = "api/v1/projects/<slug:slug>/campaigns/"
_API_ONE = f"{_API}<int:campaign_id>/"
_API_WHO = f"{_API_ONE}annotators/<int:annotator_id>/"

urlpatterns: list[URLPattern | URLResolver] = [
    path("p/<slug:slug>/label/", views.desk, name="desk"),
    path(_ALL, views.campaigns, name="campaigns"),
    path(f"{_ALL}new/", views.new, name="campaign_new"),
    path(f"{_ALL}upload/", views.upload, name="campaign_upload"),
    path(f"{_ALL}upload/<slug:digest>/<slug:name>/", views.upload_picture, name="upload_picture"),
    path(_ONE, views.campaign, name="campaign"),
    path(f"{_ONE}change/", views.change, name="campaign_change"),
    path(f"{_ONE}people/", views.join, name="campaign_join"),
    path(f"{_WHO}leave/", views.leave, name="campaign_leave"),
    path(f"{_WHO}quota/", views.quota, name="campaign_quota"),
    path(f"{_WHO}remind/", views.remind, name="campaign_remind"),
    path(_API, api.Campaigns.as_view(), name="api_campaigns"),
    path(f"{_API}plan/", api.PlanView.as_view(), name="api_campaign_plan"),
    path(f"{_API}uploads/", api.Uploads.as_view(), name="api_campaign_uploads"),
    path(_API_ONE, api.CampaignDetail.as_view(), name="api_campaign"),
    path(f"{_API_ONE}annotators/", api.Annotators.as_view(), name="api_campaign_annotators"),
    path(_API_WHO, api.AnnotatorDetail.as_view(), name="api_campaign_annotator"),
    path(f"{_API_WHO}reminders/", api.Reminders.as_view(), name="api_campaign_reminders"),
    path(f"{_API_ONE}replacements/", api.Replacements.as_view(), name="api_campaign_replacements"),
]
