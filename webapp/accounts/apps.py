"""Names the app and puts its pages into the bar and the list for administrators."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The `accounts` app."""

    name = "webapp.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register places and administrators' pages; their modules need models, which exist only now."""
        import_module("webapp.accounts.navigation").register()
