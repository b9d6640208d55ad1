"""The science of Nearmiss: methods, metrics and data sets. Knows nothing of Django, Celery or a database."""

__version__ = "0.1.0"
