"""The addresses of registrations."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from webapp.verdicts.registering import api, views

_HERE = "p/<slug:slug>/registrations/"
_API = "api/v1/projects/<slug:slug>/registrations/"

urlpatterns: list[URLPattern | URLResolver] = [
    path(_HERE, views.registrations, name="registrations"),
    path(f"{_HERE}new/", views.new, name="registration_new"),
    path(f"{_HERE}power/", views.power, name="registration_power_of"),
    path(f"{_HERE}<int:registration_id>/", views.registration, name="registration"),
    path(f"{_HERE}<int:registration_id>/power/", views.registration_power, name="registration_power"),
    path(f"{_HERE}<int:registration_id>/withdraw/", views.withdraw, name="registration_withdraw"),
    path(_API, api.Registrations.as_view(), name="api_registrations"),
    path(f"{_API}<int:registration_id>/", api.OneRegistration.as_view(), name="api_registration"),
    path(f"{_API}<int:registration_id>/withdraw/", api.Withdraw.as_view(), name="api_registration_withdraw"),
]
