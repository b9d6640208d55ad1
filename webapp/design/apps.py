"""Names the app."""

from django.apps import AppConfig


class DesignConfig(AppConfig):
    """The `design` app: no models, only what pages are made of."""

    name = "webapp.design"
    label = "design"
