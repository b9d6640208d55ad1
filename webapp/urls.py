"""The root of all addresses."""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path

from webapp.accounts.doors import open_page
from webapp.accounts.urls import allauth_urlpatterns
from webapp.design.views import style_page


@open_page()
def health(request: HttpRequest) -> HttpResponse:
    """Whether the web process runs and reaches its database; for supervisors and load balancers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health, name="health"),
    path("", include("webapp.annotation.urls")),  # the busiest first: each is tried in turn
    path("", include("webapp.experiments.urls")),
    path("", include("webapp.accounts.urls")),
    path("", include("webapp.corpora.urls")),
    path("", include("webapp.verdicts.urls")),
    path("", include("webapp.dashboards.urls")),
    *allauth_urlpatterns,
]

if settings.DEBUG:
    urlpatterns.append(path("design/", open_page()(style_page), name="design"))

handler400 = "webapp.errors.bad_request"
handler403 = "webapp.errors.forbidden"
handler404 = "webapp.errors.not_found"
handler500 = "webapp.errors.fault"
