"""Names the app and puts its places into the bar on top and the list for administrators."""

from importlib import import_module

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    """The `experiments` app."""

    name = "webapp.experiments"
    label = "experiments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's places; they need models, which exist only now."""
        import_module("webapp.experiments.navigation").register()
