"""The addresses of verdicts, an area each."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

from webapp.verdicts.claims.urls import urlpatterns as claims
from webapp.verdicts.comparing.urls import urlpatterns as comparing
from webapp.verdicts.ledger.urls import urlpatterns as ledger
from webapp.verdicts.registering.urls import urlpatterns as registering

app_name = "verdicts"

urlpatterns: list[URLPattern | URLResolver] = [*comparing, *registering, *ledger, *claims]
