"""Names the app and puts its pages into the bar and the list for administrators."""

from importlib import import_module

from django.apps import AppConfig


class CorporaConfig(AppConfig):
    """The `corpora` app."""

    name = "webapp.corpora"
    label = "corpora"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's places; their modules need models, which exist only now."""
        import_module("webapp.corpora.navigation").register()
