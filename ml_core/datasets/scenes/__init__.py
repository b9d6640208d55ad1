"""Scenes drawn by code: pictures whose content is known, in families that differ in one thing at a time."""

from ml_core.datasets.scenes.reader import PREFIX, read

__all__ = ["PREFIX", "read"]
