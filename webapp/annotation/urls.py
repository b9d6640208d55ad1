"""The addresses of annotation, area by area."""

from __future__ import annotations

from webapp.annotation.campaigns.urls import urlpatterns as campaigns
from webapp.annotation.exchange.urls import urlpatterns as exchange
from webapp.annotation.labelling.urls import urlpatterns as labelling
from webapp.annotation.review.urls import urlpatterns as review
from webapp.annotation.sets.urls import urlpatterns as sets
from webapp.annotation.taxonomies.urls import urlpatterns as taxonomies

app_name = "annotation"
urlpatterns = [*labelling, *campaigns, *taxonomies, *exchange, *review, *sets]  # the busiest first
