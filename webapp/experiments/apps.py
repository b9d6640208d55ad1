"""Names the app."""

from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    """The `experiments` app."""

    name = "webapp.experiments"
    label = "experiments"
    default_auto_field = "django.db.models.BigAutoField"
