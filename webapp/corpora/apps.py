"""Names the app."""

from django.apps import AppConfig


class CorporaConfig(AppConfig):
    """The `corpora` app."""

    name = "webapp.corpora"
    label = "corpora"
    default_auto_field = "django.db.models.BigAutoField"
