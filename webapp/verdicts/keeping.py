"""Which files the rows of this app name, for the sweep of the store."""

from __future__ import annotations

from webapp.experiments.sweeping import register_names
from webapp.verdicts.claims import files


def register() -> None:
    """From now on what no claim names below its folder is swept."""
    register_names(files.PREFIX, files.named_files)
