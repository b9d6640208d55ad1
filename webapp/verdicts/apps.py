"""Names the app."""

from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    """The `verdicts` app: comparisons of runs."""

    name = "webapp.verdicts"
    label = "verdicts"
    default_auto_field = "django.db.models.BigAutoField"
