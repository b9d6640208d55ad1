"""Names the app."""

from django.apps import AppConfig


class LocalConfig(AppConfig):
    """The `local` app: commands that prepare, save and restore an installation. It has no tables."""

    name = "webapp.local"
    label = "local"
