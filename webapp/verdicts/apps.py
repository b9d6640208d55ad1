"""Names the app."""

from importlib import import_module

from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    """The `verdicts` app: comparisons of runs, what was said before them, what is kept of them."""

    name = "webapp.verdicts"
    label = "verdicts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Say which files this app's rows name and where its pages stand; they need models, which exist only now."""
        import_module("webapp.verdicts.keeping").register()
        import_module("webapp.verdicts.ledger.navigation").register()
