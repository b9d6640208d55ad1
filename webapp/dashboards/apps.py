"""Names the app."""

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """The `dashboards` app: read-only pages over the others."""

    name = "webapp.dashboards"
    label = "dashboards"
