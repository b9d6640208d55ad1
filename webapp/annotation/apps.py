"""Names the app and puts its places into the bar on top and on people's home pages."""

from importlib import import_module

from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    """The `annotation` app: taxonomies, campaigns, labels, adjudication, analysis sets."""

    name = "webapp.annotation"
    label = "annotation"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register this app's places and what specs may name of it; they need models, which exist only now."""
        import_module("webapp.annotation.navigation").register()
