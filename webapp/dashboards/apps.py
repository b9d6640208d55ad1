"""Names the app and puts its place into the bar on top."""

from importlib import import_module

from django.apps import AppConfig


class DashboardsConfig(AppConfig):
    """The `dashboards` app: pages over the others."""

    name = "webapp.dashboards"
    label = "dashboards"

    def ready(self) -> None:
        """Register its place; it needs models, which exist only now."""
        import_module("webapp.dashboards.navigation").register()
